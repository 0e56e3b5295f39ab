import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../cli-error.ts";

/** How far an import has come: the batches that were answered without a gap, and what became of their events. */
export type Progress = {
  readonly batches: number;
  /** The last line of the last of these batches. */
  readonly line: number;
  /** {@link extendDigest} over these batches: an input that has changed below is noticed. */
  readonly digest: string;
  readonly read: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Of the rejects file when this was noted: what is behind it is written again. */
  readonly rejectsBytes: number;
};

export const NO_PROGRESS: Progress = {
  batches: 0,
  line: 0,
  digest: "",
  read: 0,
  accepted: 0,
  duplicate: 0,
  rejected: 0,
  rejectsBytes: 0,
};

/** What an import must repeat to be continued: all that decides where batches are cut and where rejects go. */
export type ImportSettings = Readonly<Record<string, string | number | boolean>>;

type Content = {
  readonly v: 1;
  readonly file: string;
  readonly settings: ImportSettings;
  readonly progress: Progress;
};

/** Remembers one import of one input into one project. Replaced as a whole, so that it is never half written. */
export class ProgressFile {
  readonly path: string;
  readonly #file: string;
  readonly #settings: ImportSettings;

  constructor(path: string, file: string, settings: ImportSettings) {
    this.path = path;
    this.#file = file;
    this.#settings = settings;
  }

  /**
   * The progress of an import that was interrupted, if there is one.
   * @throws {UsageError} when it was made with other settings, or cannot be read.
   */
  load(): Progress | undefined {
    if (!existsSync(this.path)) return undefined;
    const content = parseContent(this.#read());
    if (content === undefined) throw this.#unreadable();
    for (const [name, value] of Object.entries(this.#settings)) {
      const earlier = content.settings[name];
      if (earlier !== value) {
        throw new UsageError(
          `Cannot continue the import of ${this.#file}: it was begun with ${name} ${earlier ?? "unset"}, not ${value}. ` +
            "Repeat it with the same options, or start over with --restart",
        );
      }
    }
    return content.progress;
  }

  #read(): string {
    try {
      return readFileSync(this.path, "utf8");
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  #unreadable(cause?: unknown): UsageError {
    const message = `Cannot read ${this.path}, the progress of an earlier import: start over with --restart`;
    return new UsageError(message, { cause });
  }

  save(progress: Progress): void {
    const content: Content = { v: 1, file: this.#file, settings: this.#settings, progress };
    const temporary = `${this.path}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(content)}\n`);
    renameSync(temporary, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** One file for each input, server and project: in the local stack's data directory if there is one, else in the current one. */
export function progressPath(directory: string, parts: readonly string[]): string {
  const hash = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
  return join(directory, `.sluice-import-${hash}.json`);
}

function parseContent(text: string): Content | undefined {
  try {
    const content = JSON.parse(text) as Partial<Content> | null;
    const progress = content?.progress;
    if (content?.v !== 1 || typeof content.settings !== "object" || content.settings === null) {
      return undefined;
    }
    for (const [name, empty] of Object.entries(NO_PROGRESS)) {
      const value = progress?.[name as keyof Progress];
      const isRight = typeof empty === "number" ? isCount(value) : typeof value === "string";
      if (!isRight) return undefined;
    }
    return content as Content;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
