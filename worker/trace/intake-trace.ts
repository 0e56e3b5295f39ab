import type { JsMsg } from "@nats-io/jetstream";
import { EVENTS_STREAM, projectOfSubject } from "../../contract/stream.ts";
import { readTraceHeaders } from "../../contract/trace/trace-context.ts";
import type { Span, Tracer } from "../../contract/trace/tracer.ts";
import type { Settlement } from "../metrics/intake-metrics.ts";

/**
 * Told by one intake of what becomes of its messages, each of which goes on with the trace that it brings:
 * `consume`, from the delivery to the settlement, with a `commit` of the time that its batch took to be written, and the `ack` after it.
 * A batch is of many traces and so part of none: its `insert` begins one of its own, linked with theirs.
 */
export type IntakeTrace = {
  delivered(message: TracedMessage): void;
  batchBegins(batchId: string, sequences: readonly number[], rows: number): BatchTrace;
  settled(settlement: Settlement, sequence: number): void;
  /** Of a message that is held and traced. */
  traceIdOf(sequence: number): string | undefined;
};

export type BatchTrace = {
  /** The rows are committed, but for those that never can be; or none is, which a word tells. */
  ends(badRows: number, error?: string): void;
};

type TracedMessage = Pick<JsMsg, "seq" | "subject" | "headers" | "redelivered" | "data">;

/** What OpenTelemetry's SDKs take by default. */
const MAX_LINKS = 128;

/** @param intake of a replay, a message's trace is a new one, linked with the one in which it was first stored */
export function createIntakeTrace(tracer: Tracer, intake: "live" | "replay"): IntakeTrace {
  const held = new Map<number, HeldMessage>();

  return {
    delivered({ seq, subject, headers, redelivered, data }) {
      const origin = readTraceHeaders(headers?.get("traceparent"), headers?.get("tracestate"));
      const isLive = intake === "live";
      const consume = tracer.start(isLive ? "consume" : "replay", {
        kind: "consumer",
        parent: isLive ? origin : undefined,
        links: isLive || origin === undefined ? [] : [origin],
        attributes: {
          "messaging.system": "nats",
          "messaging.operation.type": "process",
          "messaging.destination.name": EVENTS_STREAM,
          "messaging.message.body.size": data.length,
          "sluice.project": projectOfSubject(subject),
          "sluice.stream_sequence": seq,
          "sluice.redelivered": redelivered,
        },
      });
      if (consume.context.isSampled) held.set(seq, { consume });
    },

    batchBegins(batchId, sequences, rows) {
      const traced = sequences.flatMap((sequence) => held.get(sequence) ?? []);
      if (traced.length === 0) return UNTRACED;
      const startMs = tracer.now();
      const insert = tracer.start("insert", {
        isSampled: true,
        startMs,
        links: traced.slice(0, MAX_LINKS).map(({ consume }) => consume.context),
        attributes: {
          "messaging.batch.message_count": sequences.length,
          "sluice.batch_id": batchId,
          "sluice.rows": rows,
        },
      });
      return {
        ends(badRows, error) {
          const endMs = tracer.now();
          insert.set({ "sluice.bad_rows": badRows });
          insert.end({ endMs, error });
          for (const message of traced) {
            message.writtenMs = endMs;
            message.consume
              .child("commit", {
                startMs,
                links: [insert.context],
                attributes: { "sluice.batch_id": batchId },
              })
              .end({ endMs, error });
          }
        },
      };
    },

    settled(settlement, sequence) {
      const message = held.get(sequence);
      if (message === undefined) return;
      held.delete(sequence);
      const { consume, writtenMs } = message;
      if (writtenMs !== undefined) consume.child(settlement, { startMs: writtenMs }).end();
      consume.set({ "sluice.settlement": settlement });
      consume.end({ error: settlement === "ack" ? undefined : settlement });
    },

    traceIdOf: (sequence) => held.get(sequence)?.consume.context.traceId,
  };
}

type HeldMessage = { readonly consume: Span; writtenMs?: number };

const UNTRACED: BatchTrace = { ends() {} };
