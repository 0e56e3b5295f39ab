import { Command } from "commander";
import { redact } from "../contract/redact.ts";
import { createPaint } from "./parts/paint.ts";

type Group = Readonly<Record<string, () => Promise<Command>>>;

/** What each command is made of, in the order of the help. */
const GROUPS: Readonly<Record<string, Group>> = {
  "Operate:": {
    status: async () => (await import("./status.ts")).createStatusCommand(),
    doctor: async () => (await import("./doctor.ts")).createDoctorCommand(),
    keys: async () => (await import("./keys.ts")).createKeysCommand(),
  },
  "Data:": {
    import: async () => (await import("./import.ts")).createImportCommand(),
    export: async () => (await import("./export.ts")).createExportCommand(),
    erase: async () => (await import("./erase.ts")).createEraseCommand(),
    archive: async () => (await import("./archive.ts")).createArchiveCommand(),
  },
  "Mend:": {
    dead: async () => (await import("./dead.ts")).createDeadCommand(),
    replay: async () => (await import("./replay.ts")).createReplayCommand(),
  },
  "Shell:": {
    completion: async () => (await import("./completion.ts")).createCompletionCommand(),
  },
};

const NAMES = Object.values(GROUPS).flatMap((group) => Object.keys(group));
/** Looks at all the others. */
const COMPLETION = "completion";

/**
 * The whole command, which throws where it would end the process; or, for a name of a command, only what that one needs: to load all of
 * them takes 0.49 s of processor time, one 0.23 to 0.33.
 */
export async function createProgram(version: string, name?: string): Promise<Command> {
  const program = new Command("sluice")
    .description("Work with a Sluice event pipeline from the command line")
    .usage("<command> [options]")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showSuggestionAfterError()
    .showHelpAfterError("Run with --help for the options and examples")
    .configureHelp({ subcommandTerm })
    .configureOutput({ writeErr: writeRedacted, writeOut })
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", MORE_HELP);
  const isOne = name !== undefined && name !== COMPLETION && NAMES.includes(name);
  for (const [heading, group] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const [own, load] of Object.entries(group)) {
      if (!isOne || own === name) program.addCommand(await load());
    }
  }
  passSettingsOn(program);
  return program;
}

const MORE_HELP = `
Examples:
  sluice status                             the pipeline, live
  sluice doctor                             what is wrong, and how to mend it
  sluice keys create --project shop --scope w --label checkout
  sluice import events.ndjson.gz            a file into the local stack
  sluice export -o events.ndjson.gz         what is stored, to a file
  sluice dead list                          events that could not be stored, and why
  sluice replay --since 2h                  store again what the stream still holds
  sluice import --help                      everything about one command

Environment, without which the local stack in DATA_DIR (default .data) is meant:
  SLUICE_URL   the edge, such as https://events.example.com, with SLUICE_KEY
  WORKER_URL   the worker, with WORKER_TOKEN
  NATS_URL     the NATS servers, with NATS_USER and NATS_PASSWORD of the operator, or NATS_CREDS
  KEY_SECRET   the secret of the edge's keys, with UPSTASH_REDIS_REST_URL and
               UPSTASH_REDIS_REST_TOKEN
  NO_COLOR     no colours

Exit status:
  0 done    1 failed    2 wrong usage, nothing done    130 stopped by Ctrl-C
  Each command's help says what that means for it.`;

/** Commander passes settings on to commands that it creates itself only. */
function passSettingsOn(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    passSettingsOn(command);
  }
}

/** A command as it is listed: with what it takes, without the options that every command has. */
function subcommandTerm(command: Command): string {
  const names = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...names].join(" ");
}

/** Messages quote what was typed, which may be a key in the wrong place or an address with its password. */
export function writeRedacted(text: string): void {
  process.stderr.write(redact(text));
}

/** Help, whose headings stand out on a terminal. */
function writeOut(text: string): void {
  const paint = createPaint(process.stdout, process.env);
  process.stdout.write(
    text.replace(/^(?:Usage:|[A-Z].*:$)/gm, (heading) => paint("bold", heading)),
  );
}
