import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { redact } from "../contract/redact.ts";
import { createArchiveCommand } from "./archive.ts";
import { CliError } from "./cli-error.ts";
import { createDeadCommand } from "./dead.ts";
import { createDoctorCommand } from "./doctor.ts";
import { createEraseCommand } from "./erase.ts";
import { createExportCommand } from "./export.ts";
import { createImportCommand } from "./import.ts";
import { createKeysCommand } from "./keys.ts";
import { createReplayCommand } from "./replay.ts";
import { createStatusCommand } from "./status.ts";

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
  sluice export -o events.ndjson.gz         write what is stored to a file
  sluice erase user-42                      remove every event of a user
  sluice archive --dry-run                  which old days would move to Parquet files
  sluice dead list                          events that could not be stored, and why
  sluice replay --since 2h                  store again what the stream still holds
  sluice keys create --project p --scope w  a key to post events of project p with

Environment:
  SLUICE_URL   the edge to talk to, such as https://events.example.com
  SLUICE_KEY   a key of the project: import needs a write key (slu_w_…), export a read key
               (slu_r_…), erase an admin key (slu_a_…)
  WORKER_URL   for archive: the worker, with its WORKER_TOKEN
  NATS_URL     for dead and replay: the NATS servers, separated by commas; with
               NATS_USER and NATS_PASSWORD of the worker
  KEY_SECRET   for keys: the secret that the edge has, or KEY_SECRET_FILE; with the edge's
               UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN
  DATA_DIR     the local stack's data, default .data; its local.json stands in for all`,
  )
  .configureOutput({ writeErr: writeRedacted })
  .enablePositionalOptions()
  .exitOverride()
  .addCommand(createImportCommand())
  .addCommand(createExportCommand())
  .addCommand(createEraseCommand())
  .addCommand(createArchiveCommand())
  .addCommand(createDeadCommand())
  .addCommand(createReplayCommand())
  .addCommand(createKeysCommand())
  .addCommand(createDoctorCommand())
  .addCommand(createStatusCommand());
passSettingsOn(program);

// A reader that has enough, such as head, ends the command and is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
  // What failed may have left a socket open, which would keep the process: NATS' client does when a server accepts and then is silent.
  process.stdout.write("", () => process.exit());
}

/** Commander passes settings on to commands that it creates itself only. */
function passSettingsOn(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    passSettingsOn(command);
  }
}

/** Says what went wrong on stderr and gives the exit status. */
function report(error: unknown): number {
  // Commander has printed it, help and version included, which are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliError) {
    writeRedacted(`sluice: ${error.message}\n`);
    return error.exitCode;
  }
  writeRedacted(`sluice: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

/** Messages quote what was typed, which may be a key in the wrong place or an address with its password. */
function writeRedacted(text: string): void {
  process.stderr.write(redact(text));
}
