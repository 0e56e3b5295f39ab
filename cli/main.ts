import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { CliError } from "./cli-error.ts";
import { createProgram, writeRedacted } from "./program.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

// A reader that has enough, such as head, ends the command and is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  const [, , name] = process.argv;
  await (await createProgram(version, name)).parseAsync();
} catch (error) {
  process.exitCode = report(error);
  // What failed may have left a socket open, which would keep the process: NATS' client does when a server accepts and then is silent.
  process.stdout.write("", () => process.exit());
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
