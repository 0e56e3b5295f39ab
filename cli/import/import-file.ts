import { performance } from "node:perf_hooks";
import { CliError, UsageError } from "../cli-error.ts";
import { type Batch, BatchCutter, extendDigest, sendableLines } from "./batch.ts";
import type { LineReader } from "./line.ts";
import { NO_PROGRESS, type Progress, type ProgressFile } from "./progress-file.ts";
import { type Reject, RejectsFile } from "./rejects-file.ts";
import type { Reporter } from "./reporter.ts";
import type { Sender, Settled } from "./sender.ts";
import type { Source } from "./source.ts";
import type { Summary } from "./summary.ts";
import { Watermark } from "./watermark.ts";

export type FileImport = {
  readonly source: Source;
  readonly reader: LineReader;
  readonly sender: Pick<Sender, "send">;
  readonly progressFile: ProgressFile;
  readonly rejectsPath: string;
  readonly batchSize: number;
  readonly concurrency: number;
  readonly isRestarting: boolean;
  readonly reporter: Reporter;
  /** Aborted: reading ends, what is in flight is settled. */
  readonly stop: AbortController;
};

/** How many batches may be settled beyond one that is not: their rejects are held until it is. */
const WINDOW_PER_REQUEST = 4;
const SAVE_INTERVAL_MS = 500;

/**
 * Imports one input: reads, cuts, sends several batches at a time, and notes progress and rejects in the input's order.
 * Holds at most concurrency × (WINDOW_PER_REQUEST + 1) batches, whatever the input's size.
 *
 * An error ends reading like a stop does: what is in flight is settled and noted before it is thrown.
 */
export async function importFile(options: FileImport): Promise<Summary> {
  const { source, progressFile, reporter, stop, concurrency } = options;
  const startedMs = performance.now();
  if (options.isRestarting) naming(progressFile.path, () => progressFile.remove());
  const earlier = progressFile.load() ?? NO_PROGRESS;
  const rejectsFile = naming(
    options.rejectsPath,
    () => new RejectsFile(options.rejectsPath, earlier.rejectsBytes),
  );
  const ledger = new Ledger(earlier, rejectsFile, progressFile);
  if (earlier.batches > 0) {
    reporter.notice(
      `${source.name}: continuing after line ${earlier.line} (${earlier.read} events were imported in an earlier run)`,
    );
  }
  let failure: unknown;
  let isFailed = false;
  const fail = (error: unknown) => {
    if (isFailed) return;
    failure = error;
    isFailed = true;
    stop.abort();
  };

  reporter.begin(source.name, source.totalBytes);
  const inFlight = new Set<Promise<void>>();
  const deliver = async (batch: Batch, digest: string) => {
    const settled = await options.sender.send(batch, source.identity);
    if (settled === undefined) return;
    ledger.settle(toOutcome(batch, settled, digest));
    reporter.update({ ...ledger.live, readEarlier: earlier.read, bytesRead: source.bytesRead() });
  };

  try {
    let digest = "";
    let batches = 0;
    for await (const batch of cutSource(source, options.reader, options.batchSize)) {
      batches = batch.number;
      digest = extendDigest(digest, batch);
      if (batch.number <= earlier.batches) {
        if (batch.number === earlier.batches) checkUnchanged(digest, earlier, source.name);
        continue;
      }
      while (
        !stop.signal.aborted &&
        (inFlight.size >= concurrency ||
          batch.number - ledger.settledBatches > concurrency * WINDOW_PER_REQUEST)
      ) {
        await Promise.race(inFlight);
      }
      if (stop.signal.aborted) break;
      const delivery = deliver(batch, digest)
        .catch(fail)
        .finally(() => inFlight.delete(delivery));
      inFlight.add(delivery);
    }
    if (batches < earlier.batches && !stop.signal.aborted) throw changed(source.name);
  } catch (error) {
    // A stop ends a pending read with an error of its own.
    if (!stop.signal.aborted) fail(error);
  } finally {
    await Promise.all(inFlight);
    reporter.end();
    rejectsFile.close();
    ledger.save();
  }
  if (isFailed) throw explain(failure, source.name, ledger.progress);
  return {
    file: source.name,
    ...countsOf(ledger.progress),
    readEarlier: earlier.read,
    seconds: (performance.now() - startedMs) / 1000,
    rejectsFile: rejectsFile.bytes > 0 ? rejectsFile.path : undefined,
    isComplete: !stop.signal.aborted,
  };
}

type Outcome = {
  readonly batch: Batch;
  readonly settled: Settled;
  readonly rejects: readonly Reject[];
  readonly digest: string;
};

/** Adds up what was settled; in order, writes the rejects and then the progress that counts them. */
class Ledger {
  #progress: Progress;
  #savedMs = 0;
  readonly #watermark: Watermark<Outcome>;
  readonly #rejectsFile: RejectsFile;
  readonly #progressFile: ProgressFile;
  /** Counts every batch as soon as it is settled, for the eye. */
  readonly live: { read: number; accepted: number; duplicate: number; rejected: number };

  constructor(earlier: Progress, rejectsFile: RejectsFile, progressFile: ProgressFile) {
    this.#progress = earlier;
    this.#watermark = new Watermark(earlier.batches);
    this.#rejectsFile = rejectsFile;
    this.#progressFile = progressFile;
    this.live = countsOf(earlier);
  }

  get progress(): Progress {
    return this.#progress;
  }

  get settledBatches(): number {
    return this.#watermark.done;
  }

  settle(outcome: Outcome): void {
    this.live.read += outcome.batch.lines.length;
    this.live.accepted += outcome.settled.accepted;
    this.live.duplicate += outcome.settled.duplicate;
    this.live.rejected += outcome.rejects.length;
    let isDue = performance.now() - this.#savedMs >= SAVE_INTERVAL_MS;
    for (const next of this.#watermark.finish(outcome.batch.number, outcome)) {
      naming(this.#rejectsFile.path, () => this.#rejectsFile.append(next.rejects));
      this.#progress = advance(this.#progress, next, this.#rejectsFile.bytes);
      isDue ||= next.rejects.length > 0;
    }
    if (isDue) this.save();
  }

  save(): void {
    if (this.#progress.batches === 0) return;
    naming(this.#progressFile.path, () => this.#progressFile.save(this.#progress));
    this.#savedMs = performance.now();
  }
}

/** A full disk or a directory without write permission is the user's to mend, so it is told without a stack. */
function naming<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(`Cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function advance(progress: Progress, outcome: Outcome, rejectsBytes: number): Progress {
  const { batch, settled, rejects, digest } = outcome;
  return {
    batches: batch.number,
    line: batch.lines.at(-1)?.number ?? progress.line,
    digest,
    read: progress.read + batch.lines.length,
    accepted: progress.accepted + settled.accepted,
    duplicate: progress.duplicate + settled.duplicate,
    rejected: progress.rejected + rejects.length,
    rejectsBytes,
  };
}

/** Brings together what the import refused itself and what the server refused, in the input's order. */
export function toOutcome(batch: Batch, settled: Settled, digest: string): Outcome {
  const sent = sendableLines(batch);
  const rejects: Reject[] = batch.lines.flatMap((line) =>
    line.rejection === undefined ? [] : [{ line, rejection: line.rejection }],
  );
  for (const { index, code = "invalid_event", pointer = "", detail = "" } of settled.results) {
    const line = sent[index];
    if (line !== undefined) rejects.push({ line, rejection: { code, pointer, detail } });
  }
  rejects.sort((a, b) => a.line.number - b.line.number);
  return { batch, settled, rejects, digest };
}

function countsOf({ read, accepted, duplicate, rejected }: Progress) {
  return { read, accepted, duplicate, rejected };
}

async function* cutSource(
  source: Source,
  reader: LineReader,
  batchSize: number,
): AsyncGenerator<Batch> {
  const cutter = new BatchCutter(batchSize);
  for await (const chunk of source.chunks()) yield* cutter.push(await reader.push(chunk));
  yield* cutter.push(await reader.end());
  // Only here: after a failed read the rest is not a whole batch, and would be cut otherwise when it can be read.
  yield* cutter.end();
}

function checkUnchanged(digest: string, earlier: Progress, name: string): void {
  if (digest !== earlier.digest) throw changed(name);
}

function changed(name: string): UsageError {
  return new UsageError(
    `Cannot continue the import of ${name}: it is not what it was when the import began. Start over with --restart`,
  );
}

function explain(error: unknown, name: string, progress: Progress): unknown {
  if (!(error instanceof CliError) || error instanceof UsageError) return error;
  const message = error.message.startsWith("Cannot ")
    ? error.message
    : `Cannot import ${name}: ${error.message}`;
  const advice =
    progress.batches === 0
      ? "Nothing is noted as imported"
      : `Imported up to line ${progress.line}: run the same command again to continue there`;
  return new CliError(`${message}\n${advice}`, { cause: error });
}
