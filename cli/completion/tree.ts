import type { Argument, Command, Option } from "commander";

/** What shells complete of one command. */
export type CommandNode = {
  readonly name: string;
  readonly summary: string;
  /** The words that lead to it, `sluice dead list`. */
  readonly path: string;
  readonly options: readonly OptionNode[];
  readonly values: ValueNode | undefined;
  readonly commands: readonly CommandNode[];
};

export type OptionNode = {
  /** `-o`, `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Undefined for one that takes no value. */
  readonly value: ValueNode | undefined;
};

/** `file`: names of files. `any`: what nobody can guess. */
export type ValueNode =
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "any" };

/** Reads what commander knows, its own help included. */
export function describeTree(command: Command, parentPath?: string): CommandNode {
  const path = parentPath === undefined ? command.name() : `${parentPath} ${command.name()}`;
  const help = command.createHelp();
  const commands = help
    .visibleCommands(command)
    .map((child) =>
      child.parent === null ? helpNode(command, child, path) : describeTree(child, path),
    );
  return {
    name: command.name(),
    summary: help.subcommandDescription(command),
    path,
    options: help.visibleOptions(command).map(describeOption),
    values: describeArgument(command.registeredArguments[0]),
    commands,
  };
}

/** All of them, the root first. */
export function flatten(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(flatten)];
}

/** The words that lead to each command but the root. */
export function pathsOf(root: CommandNode): string[] {
  return flatten(root)
    .map(({ path }) => path)
    .filter((path) => path !== root.path);
}

/** Each flag that is followed by a value, with the words that lead to its command before it. */
export function valuedOptions(root: CommandNode): { path: string; value: ValueNode }[] {
  return flatten(root).flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) =>
      value === undefined ? [] : flags.map((flag) => ({ path: `${path} ${flag}`, value })),
    ),
  );
}

/** `sluice help <command>`, which commander adds by itself. */
function helpNode(command: Command, child: Command, path: string): CommandNode {
  return {
    name: child.name(),
    summary: child.description(),
    path: `${path} ${child.name()}`,
    options: [],
    values: { kind: "choices", choices: command.commands.map((one) => one.name()) },
    commands: [],
  };
}

function describeOption(option: Option): OptionNode {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const [, placeholder = ""] = /[<[]([^>\]]*)[>\]]/.exec(option.flags) ?? [];
  const takesValue = option.required || option.optional;
  return {
    flags,
    description: option.description,
    value: takesValue ? describeValue(option.argChoices, placeholder) : undefined,
  };
}

function describeArgument(argument: Argument | undefined): ValueNode | undefined {
  return argument === undefined ? undefined : describeValue(argument.argChoices, argument.name());
}

function describeValue(choices: readonly string[] | undefined, name: string): ValueNode {
  if (choices !== undefined) return { kind: "choices", choices };
  return name === "file" ? { kind: "file" } : { kind: "any" };
}
