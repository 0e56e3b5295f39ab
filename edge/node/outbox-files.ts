import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FileInUseError, type FileSql, openFileSql } from "./file-sql.ts";

/** A process' place for messages: a file of its own in a folder that all processes of a machine may share. */
export type OutboxFile = { readonly path: string; readonly sql: FileSql };

const NAME = /^outbox-\d+\.sqlite$/;

/** The first file that no living process has. @throws when the folder cannot be written */
export function takeOutboxFile(folder: string): OutboxFile {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw cannotOpen(folder, error);
  }
  for (let number = 0; ; number += 1) {
    const file = take(join(folder, `outbox-${number}.sqlite`));
    if (file !== undefined) return file;
  }
}

/** Files of processes that have ended, one of this process' own among them as little as one of another that lives. */
export function takeLeftFiles(folder: string): OutboxFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .map((name) => take(join(folder, name)))
    .filter((file) => file !== undefined);
}

function take(path: string): OutboxFile | undefined {
  try {
    return { path, sql: openFileSql(path, "exclusive") };
  } catch (error) {
    if (error instanceof FileInUseError) return undefined;
    throw cannotOpen(path, error);
  }
}

function cannotOpen(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot open outbox "${path}": ${reason}`, { cause });
}
