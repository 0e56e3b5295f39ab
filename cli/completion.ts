import { Argument, Command } from "commander";
import { completeBash } from "./completion/bash.ts";
import { completeFish } from "./completion/fish.ts";
import { type CommandNode, describeTree } from "./completion/tree.ts";
import { completeZsh } from "./completion/zsh.ts";

const SHELLS = {
  bash: completeBash,
  zsh: completeZsh,
  fish: completeFish,
} as const satisfies Record<string, (root: CommandNode) => string>;

export function createCompletionCommand(): Command {
  return new Command("completion")
    .summary("print a script that completes sluice in a shell")
    .description(
      "Print a script that lets a shell complete commands, options and their choices. It holds what this version " +
        "knows: print it again after an upgrade.",
    )
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", MORE_HELP)
    .action((shell: keyof typeof SHELLS, _options: object, command: Command) => {
      process.stdout.write(SHELLS[shell](describeTree(rootOf(command))));
    });
}

const MORE_HELP = `
Examples:
  source <(sluice completion bash)      in ~/.bashrc
  sluice completion zsh > "\${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish

Exit status:
  0 printed    2 wrong usage`;

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
