import { createWriteStream, existsSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { CliError, UsageError } from "../cli-error.ts";
import { STDOUT } from "./format.ts";

/** Where an export goes. A file has its name only once it is whole. */
export type Output = {
  readonly stream: Writable;
  /** Gives the file its name, in place of one that had it. */
  commit(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
};

/**
 * Refuses a place where no file can be, before anything is asked for.
 * @throws {UsageError}
 */
export function checkOutput(output: string): void {
  if (output === STDOUT) return;
  const folder = dirname(output);
  if (!existsSync(folder)) {
    throw new UsageError(`Cannot write ${output}: there is no directory ${folder}`);
  }
  if (existsSync(output) && statSync(output).isDirectory()) {
    throw new UsageError(`Cannot write ${output}: it is a directory; name a file in it`);
  }
}

export function openOutput(output: string): Output {
  if (output === STDOUT) {
    return { stream: process.stdout, async commit() {}, async discard() {} };
  }
  const temporary = `${output}.${process.pid}.part`;
  return {
    stream: createWriteStream(temporary, { flags: "wx" }),
    async commit() {
      const file = await open(temporary, "r+");
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, output).catch((cause) => {
        throw new CliError(`Cannot write ${output}: ${cause.message}`, { cause });
      });
    },
    discard: () => rm(temporary, { force: true }),
  };
}
