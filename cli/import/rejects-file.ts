import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import type { Rejection } from "../../contract/rejection.ts";
import { CliError } from "../cli-error.ts";
import type { Line } from "./line.ts";

/** A rejected line with the reason that the server, or the import itself, gave. */
export type Reject = {
  readonly line: Line;
  readonly rejection: Rejection;
};

/** Collects what was rejected, in the input's order. There is no file until something is. */
export class RejectsFile {
  readonly path: string;
  #descriptor: number | undefined;
  #bytes: number;

  /** `keptBytes` of an interrupted import's file stay; with 0 a file of that name is kept aside as `….old`. */
  constructor(path: string, keptBytes: number) {
    this.path = path;
    this.#bytes = keptBytes;
    if (keptBytes > 0) this.#reopen();
    else if (existsSync(path)) keepAside(path);
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(rejects: readonly Reject[]): void {
    if (rejects.length === 0) return;
    this.#descriptor ??= openSync(this.path, "w");
    const text = Buffer.from(rejects.map((reject) => `${formatReject(reject)}\n`).join(""));
    for (let written = 0; written < text.length; ) {
      written += writeSync(
        this.#descriptor,
        text,
        written,
        text.length - written,
        this.#bytes + written,
      );
    }
    this.#bytes += text.length;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #reopen(): void {
    try {
      this.#descriptor = openSync(this.path, "r+");
    } catch (cause) {
      const message = `Cannot continue: ${this.path} holds the rejects so far and cannot be opened; start over with --restart`;
      throw new CliError(message, { cause });
    }
    // Truncating would lengthen it, by as much as the progress file says.
    if (fstatSync(this.#descriptor).size < this.#bytes) {
      this.close();
      const message = `Cannot continue: ${this.path} holds fewer rejects than there were; start over with --restart`;
      throw new CliError(message);
    }
    ftruncateSync(this.#descriptor, this.#bytes);
  }
}

function keepAside(path: string): void {
  if (statSync(path).isDirectory()) {
    throw new CliError(`Cannot write rejects: ${path} is a directory`);
  }
  renameSync(path, `${path}.old`);
}

/** The event stands in it byte for byte: reading and writing it again would lose the digits of long numbers. */
export function formatReject({ line, rejection }: Reject): string {
  const { code, pointer, detail } = rejection;
  const head = JSON.stringify({ line: line.number, code, pointer, detail }).slice(0, -1);
  const text = line.bytes.toString("utf8");
  return isJson(text)
    ? `${head},"event":${text.trim()}}`
    : `${head},"raw":${JSON.stringify(text)}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
