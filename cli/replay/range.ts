import type { JetStreamManager } from "@nats-io/jetstream";
import { EVENTS_STREAM, EVENTS_SUBJECTS, eventsSubject } from "../../contract/stream.ts";
import { probe, type Start } from "../nats/probe.ts";
import { findStream } from "../nats.ts";

export type RangeWish = {
  readonly since: number | "all";
  readonly until?: number | undefined;
  readonly project?: string | undefined;
};

/** A stretch of `EVENTS`: what a replay feeds through the workers again. */
export type Range = {
  readonly start: Exclude<Start, { sequence: number }>;
  /** The project's; undefined when all are meant. */
  readonly subject: string | undefined;
  readonly firstSequence: number;
  readonly endSequence: number;
  readonly messages: number;
  /** Known only when the whole stream is meant. */
  readonly bytes: number | undefined;
  /** When the oldest message in the stream was stored, if the wish reaches further back. */
  readonly retainedSinceMs: number | undefined;
  readonly replicas: number;
};

/** Finds the messages that are meant, as they are now. @throws {CliError} when the stream does not exist yet. */
export async function findRange(manager: JetStreamManager, wish: RangeWish): Promise<Range> {
  const { state, config } = await findStream(manager, EVENTS_STREAM);
  const subject = wish.project === undefined ? undefined : eventsSubject(wish.project);
  const start = wish.since === "all" ? "first" : { timeMs: wish.since };
  const end = wish.until === undefined ? { sequence: state.last_seq + 1 } : { timeMs: wish.until };
  // In this order, since messages that come in between then count as some of the range rather than as fewer.
  const after = await probe(manager, EVENTS_STREAM, end, subject);
  const from = await probe(manager, EVENTS_STREAM, start, subject);
  const messages = Math.max(0, from.messages - after.messages);
  const firstMs = Date.parse(state.first_ts);
  const isCut = state.messages > 0 && wish.since !== "all" && wish.since < firstMs;
  const isWhole = from.sequence <= state.first_seq && after.sequence > state.last_seq;
  return {
    start,
    subject,
    firstSequence: from.sequence,
    endSequence: Math.min(after.sequence - 1, state.last_seq),
    messages,
    bytes: isWhole && subject === undefined ? state.bytes : undefined,
    retainedSinceMs: isCut ? firstMs : undefined,
    replicas: config.num_replicas,
  };
}

/** When the first and the last message of a range that holds any were stored. */
export async function findTimes(
  manager: JetStreamManager,
  { subject = EVENTS_SUBJECTS, firstSequence, endSequence }: Range,
): Promise<{ firstMs: number; lastMs: number } | undefined> {
  const next = (seq: number) =>
    manager.direct.getMessage(EVENTS_STREAM, { seq, next_by_subj: subject });
  const first = await next(Math.max(1, firstSequence));
  if (first === null || first.seq > endSequence) return undefined;
  // The server finds the next message of a subject, not the one before: the last is searched by halving.
  let last = first;
  let high = endSequence;
  while (last.seq < high) {
    const middle = Math.ceil((last.seq + 1 + high) / 2);
    const found = await next(middle);
    if (found === null || found.seq > endSequence) high = middle - 1;
    else last = found;
  }
  return { firstMs: first.time.getTime(), lastMs: last.time.getTime() };
}
