import { randomUUID } from "node:crypto";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { type Delivery, toEvent } from "./delivery.ts";
import type { Engine, EventWriter } from "./engine.ts";
import { codeOf } from "./error-code.ts";
import type { EventRow } from "./event-row.ts";
import type { InFlight } from "./in-flight.ts";
import type { Logger } from "./logger.ts";
import type { IntakeMeter } from "./metrics/intake-metrics.ts";
import { retryDelayMs } from "./retry-delay.ts";
import type { IntakeTrace } from "./trace/intake-trace.ts";

export type WriterDeps = {
  readonly store: EventWriter;
  /** Judges an error of the store. */
  readonly kindOf: Engine["kindOf"];
  readonly deadLetters: DeadLetters;
  readonly inFlight: InFlight;
  /** Called after each commit and before the acknowledgement; `inserted` of the rows were new. */
  readonly onCommitted: (rows: readonly EventRow[], inserted: number) => void;
  readonly meter: Pick<IntakeMeter, "batch" | "committed" | "writeFailed" | "buried">;
  /** Undefined where nothing is traced. */
  readonly trace?: Pick<IntakeTrace, "batchBegins" | "traceIdOf"> | undefined;
  readonly logger: Logger;
  /** Ends the retries: the batch goes back to the stream. */
  readonly giveUp: AbortSignal;
  /** Waits between attempts, no longer than until the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
};

type BadRow = { readonly row: EventRow; readonly error: unknown };

/** After a failed dead letter the message comes again so late, its good rows being stored already. */
const DEAD_LETTER_RETRY_MS = 5_000;
/** After so many attempts, some 10 s, an error that nobody foresaw may be one row's fault. */
const UNEXPECTED_ATTEMPTS = 7;

/**
 * Writes batches and settles their deliveries: stored → ack, only after commit. A batch that cannot be written now is kept and
 * tried again, while its deliveries are extended: it keeps its place, and the bytes it holds slow the fetching down, where a nak
 * would only bring the same messages back in another order. A bad row is found by halving and goes to the dead letters before its
 * message is acknowledged. Never rejects.
 */
export function createWriter(deps: WriterDeps): (deliveries: readonly Delivery[]) => Promise<void> {
  const { store, inFlight, meter, trace, giveUp } = deps;
  let commits = 0;

  return async (deliveries) => {
    const badRows: BadRow[] = [];
    const batchId = randomUUID();
    const logger = deps.logger.child({ batch_id: batchId });
    const rows = deliveries.flatMap((delivery) => delivery.rows);
    const sequences = deliveries.map(({ sequence }) => sequence);
    const batchTrace = trace?.batchBegins(batchId, sequences, rows.length);
    try {
      meter.batch(
        rows.length,
        deliveries.reduce((sum, { bytes }) => sum + bytes, 0),
      );
      if (rows.length > 0) badRows.push(...(await writeRows(rows, logger)));
      batchTrace?.ends(badRows.length);
    } catch (error) {
      batchTrace?.ends(0, "not stored");
      if (!giveUp.aborted) logger.error({ err: error }, "batch failed");
      for (const sequence of sequences) inFlight.nak(sequence, 0);
      return;
    }
    await settle(deliveries, badRows, logger);
  };

  /** Stores all rows that can be stored; answers the others. */
  async function writeRows(rows: readonly EventRow[], logger: Logger): Promise<BadRow[]> {
    const error = await writeUntilJudged(rows, logger);
    if (error === undefined) return [];
    const [row] = rows;
    if (rows.length === 1 && row !== undefined) return [{ row, error }];
    const middle = rows.length >> 1;
    const first = await writeRows(rows.slice(0, middle), logger);
    return [...first, ...(await writeRows(rows.slice(middle), logger))];
  }

  /** Undefined once the rows are committed, or the error for which these rows can never be. */
  async function writeUntilJudged(rows: readonly EventRow[], logger: Logger): Promise<unknown> {
    const commitsBefore = commits;
    for (let attempt = 0; ; attempt += 1) {
      giveUp.throwIfAborted();
      try {
        const { inserted } = await store.write(rows);
        commits += 1;
        meter.committed(rows.length, inserted);
        deps.onCommitted(rows, inserted);
        return undefined;
      } catch (error) {
        const kind = deps.kindOf(error);
        meter.writeFailed(kind);
        if (kind === "data") return error;
        if (kind === "unexpected" && attempt + 1 >= UNEXPECTED_ATTEMPTS) {
          // A single row is only to blame when the store took others meanwhile: a missing right fails every row.
          if (rows.length > 1 || commits > commitsBefore) return error;
        }
        const delayMs = retryDelayMs(attempt, Math.random());
        const fields = {
          err: error,
          code: codeOf(error),
          rows: rows.length,
          attempt,
          delay_ms: delayMs,
        };
        if (kind === "unexpected") logger.error(fields, "write failed unexpectedly, retrying");
        else logger.warn(fields, "write failed, retrying");
        await deps.delay(delayMs, giveUp);
      }
    }
  }

  async function settle(
    deliveries: readonly Delivery[],
    badRows: readonly BadRow[],
    logger: Logger,
  ) {
    const badBySource = Map.groupBy(badRows, ({ row }) => row.source);
    for (const delivery of deliveries) {
      const letters = lettersOf(delivery, badBySource.get(delivery) ?? []);
      if (letters.length === 0) {
        inFlight.ack(delivery.sequence);
        continue;
      }
      const { sequence, projectId: project, requestId: request_id } = delivery;
      const fields = { project, request_id, trace_id: trace?.traceIdOf(sequence), sequence };
      try {
        meter.buried(await deps.deadLetters.publish(letters));
        logger.warn({ ...fields, events: letters.length }, "events dead-lettered");
        inFlight.ack(delivery.sequence);
      } catch (error) {
        logger.error({ err: error, ...fields }, "dead letters not published");
        inFlight.nak(delivery.sequence, DEAD_LETTER_RETRY_MS);
      }
    }
  }
}

function lettersOf(delivery: Delivery, badRows: readonly BadRow[]): DeadLetter[] {
  const common = {
    stream_sequence: delivery.sequence,
    subject: delivery.subject,
    received_at: delivery.receivedAt,
    failed_at: new Date().toISOString(),
  };
  return [
    ...delivery.malformed.map(({ event, reason }) => ({ reason, ...common, event })),
    ...badRows.map(({ row, error }) => {
      const sqlstate = codeOf(error);
      const reason = error instanceof Error ? error.message : String(error);
      return {
        reason,
        ...(sqlstate === undefined ? {} : { sqlstate }),
        ...common,
        event: toEvent(row),
      };
    }),
  ];
}
