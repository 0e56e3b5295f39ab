import {
  type CommandNode,
  flatten,
  type OptionNode,
  pathsOf,
  type ValueNode,
  valuedOptions,
} from "./tree.ts";

export function completeFish(root: CommandNode): string {
  return `# Completion of ${root.name} for fish. To have it in each shell:
#   ${root.name} completion fish > ~/.config/fish/completions/${root.name}.fish

# The command that is being typed: "${root.path}" and the words that lead to it.
function __${root.name}_at
  set -l at ${root.path}
  set -l is_value 0
  for word in (commandline -opc)[2..-1]
    if test $is_value = 1
      set is_value 0
      continue
    end
    switch "$at $word"
      case ${pathsOf(root).map(quote).join(" ")}
        set at "$at $word"
      case ${valuedOptions(root)
        .map(({ path }) => quote(path))
        .join(" ")}
        set is_value 1
    end
  end
  echo $at
end

complete -c ${root.name} -e
complete -c ${root.name} -f
${flatten(root)
  .flatMap((node) => completeCommand(root, node))
  .join("\n")}
`;
}

function completeCommand(root: CommandNode, node: CommandNode): string[] {
  const start = `complete -c ${root.name} -n ${quote(`test (__${root.name}_at) = "${node.path}"`)}`;
  const commands = node.commands.map(
    ({ name, summary }) => `${start} -a ${quote(name)} -d ${quote(summary)}`,
  );
  const values = node.commands.length === 0 ? completeValue(node.values) : undefined;
  return [
    ...commands,
    ...(values === undefined ? [] : [`${start} ${values}`]),
    ...node.options.map((option) => `${start} ${completeOption(option)}`),
  ];
}

function completeOption({ flags, description, value }: OptionNode): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const needs = value === undefined ? [] : ["-r", completeValue(value) ?? "-f"];
  return [...names, ...needs, "-d", quote(description)].join(" ");
}

function completeValue(value: ValueNode | undefined): string | undefined {
  if (value?.kind === "choices") return `-f -a ${quote(value.choices.join(" "))}`;
  return value?.kind === "file" ? "-F" : undefined;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
