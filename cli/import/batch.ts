import { createHash } from "node:crypto";
import type { Line } from "./line.ts";

/** Lines that travel in one request. Numbered from 1. */
export type Batch = { readonly number: number; readonly lines: readonly Line[] };

/** Leaves room below the server's limit of 5 MiB. */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Cuts lines into batches. Where it cuts depends on the lines alone, never on how they arrive, so that an import that is resumed
 * or repeated sends the same requests: a batch's Idempotency-Key and the place to resume at both rest on it.
 */
export class BatchCutter {
  readonly #batchSize: number;
  #number = 0;
  #lines: Line[] = [];
  #bytes = 0;

  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  push(lines: readonly Line[]): Batch[] {
    const batches: Batch[] = [];
    for (const line of lines) {
      const bytes = line.bytes.length + 1;
      if (this.#lines.length > 0 && this.#bytes + bytes > MAX_BATCH_BYTES)
        batches.push(this.#cut());
      this.#lines.push(line);
      this.#bytes += bytes;
      if (this.#lines.length === this.#batchSize) batches.push(this.#cut());
    }
    return batches;
  }

  end(): Batch[] {
    return this.#lines.length > 0 ? [this.#cut()] : [];
  }

  #cut(): Batch {
    const batch = { number: ++this.#number, lines: this.#lines };
    this.#lines = [];
    this.#bytes = 0;
    return batch;
  }
}

export function sendableLines(batch: Batch): readonly Line[] {
  return batch.lines.filter((line) => line.rejection === undefined);
}

export function toBody(lines: readonly Line[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [line.bytes, NEWLINE]));
}

const NEWLINE = Buffer.from("\n");

/** Identifies an input up to and including a batch. `before` is the digest up to the batch before, empty for the first. */
export function extendDigest(before: string, batch: Batch): string {
  return createHash("sha256").update(before).update(toBody(batch.lines)).digest("hex");
}

/**
 * What makes events without an id the same events when the batch is sent again. It covers the content besides its place, so that
 * an input which only begins like another one never has its events taken for the other's.
 */
export function idempotencyKeyOf(
  inputIdentity: string,
  lines: readonly Line[],
  body: Buffer,
): string {
  const hash = createHash("sha256")
    .update(`${inputIdentity}\n${lines[0]?.number ?? 0}\n${lines.length}\n`)
    .update(body);
  return `sluice-import-${hash.digest("hex").slice(0, 32)}`;
}
