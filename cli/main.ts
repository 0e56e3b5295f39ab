import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { CliError } from "./cli-error.ts";
import { createImportCommand } from "./import.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

const program = new Command("sluice")
  .description("Work with a Sluice event pipeline from the command line")
  .version(version, "-V, --version", "print the version")
  .helpOption("-h, --help", "print this help; after a command, help for that command")
  .helpCommand("help [command]", "print help for a command")
  .showSuggestionAfterError()
  .showHelpAfterError("Run with --help for the options and examples")
  .addHelpText(
    "after",
    `
Examples:
  sluice import events.ndjson.gz            import a file into the local stack
  zcat old/*.gz | sluice import -           import what another program writes
  sluice import --help                      everything about importing

Environment:
  SLUICE_URL   the edge to talk to, such as https://events.example.com
  SLUICE_KEY   a key of the project, slu_…
  DATA_DIR     the local stack's data, default .data; its local.json stands in for both`,
  )
  .exitOverride()
  .addCommand(createImportCommand());
for (const command of program.commands) command.copyInheritedSettings(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong on stderr and gives the exit status. */
function report(error: unknown): number {
  // Commander has printed it, help and version included, which are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliError) {
    process.stderr.write(`sluice: ${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`sluice: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
