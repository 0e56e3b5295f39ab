import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";

export type LogFollower = {
  /** Hands on what was written since the last call. */
  read(): void;
  /** Looks every half second until it is closed. */
  start(): void;
  close(): void;
};

const EVERY_MS = 500;
const CHUNK_BYTES = 64 * 1024;

/**
 * Follows the logs of all parts in a folder, from their present end, or from their beginning. Parts write their files themselves, so that
 * they keep logging whatever becomes of us; this reads behind them.
 */
export function followLogs(
  folder: string,
  onLine: (part: string, line: string) => void,
  from: "start" | "end" = "end",
): LogFollower {
  const files = new Map<string, FollowedFile>();
  let timer: NodeJS.Timeout | undefined;
  if (from === "end") for (const name of namesIn(folder)) files.set(name, follow(name, "end"));

  function follow(name: string, where: "start" | "end"): FollowedFile {
    const size = where === "end" ? (sizeOf(join(folder, name)) ?? 0) : 0;
    return { offset: size, rest: "", decoder: new StringDecoder("utf8") };
  }

  function read(): void {
    for (const name of namesIn(folder)) {
      let file = files.get(name);
      const size = sizeOf(join(folder, name)) ?? 0;
      // Another file under the same name: the part has begun a new one.
      if (file === undefined || size < file.offset) {
        file = follow(name, "start");
        files.set(name, file);
      }
      if (size > file.offset) readFile(name, file, size);
    }
  }

  function readFile(name: string, file: FollowedFile, size: number): void {
    const descriptor = openSync(join(folder, name), "r");
    try {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - file.offset));
      while (file.offset < size) {
        const bytes = readSync(descriptor, chunk, 0, chunk.length, file.offset);
        if (bytes === 0) break;
        file.offset += bytes;
        const lines = (file.rest + file.decoder.write(chunk.subarray(0, bytes))).split("\n");
        file.rest = lines.pop() ?? "";
        for (const line of lines) onLine(name.replace(/\.log$/, ""), line);
      }
    } finally {
      closeSync(descriptor);
    }
  }

  return {
    read,
    start() {
      timer = setInterval(read, EVERY_MS);
    },
    close() {
      clearInterval(timer);
    },
  };
}

type FollowedFile = { offset: number; rest: string; readonly decoder: StringDecoder };

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".log"))
      .sort();
  } catch {
    // Nothing has begun to log yet.
    return [];
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
