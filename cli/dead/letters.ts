import { DeliverPolicy } from "@nats-io/jetstream";
import { decodeDeadLetter } from "../../contract/dead-letter.ts";
import { DEAD_STREAM } from "../../contract/stream.ts";
import { CliError } from "../cli-error.ts";
import { probe } from "../nats/probe.ts";
import { findStream, type Nats } from "../nats.ts";
import {
  isEmpty,
  type LetterFilter,
  matches,
  type StoredLetter,
  subjectOfFilter,
} from "./filter.ts";

/** The dead letters that a filter means, as they stood when they were opened: later ones are left alone. */
export type Letters = {
  /** How many there are; undefined when only reading them all can tell. */
  readonly total: number | undefined;
  /** The place of the last letter of all, or 0. */
  readonly lastPosition: number;
  oldestFirst(): AsyncIterable<StoredLetter>;
  newestFirst(): AsyncIterable<StoredLetter>;
};

/** A dead letter may weigh 1 MiB: so many may be on their way at a time. */
const FETCH_LETTERS = 100;
const FETCH_EXPIRES_MS = 5_000;
/** The worker's clock may be ahead of the server's by less than this. */
const CLOCK_SKEW_MS = 60_000;

/** @throws {CliError} when the stream does not exist yet. */
export async function openLetters(nats: Nats, filter: LetterFilter): Promise<Letters> {
  const { state } = await findStream(nats.manager, DEAD_STREAM);
  const subject = await chooseSubject(nats, filter);
  const first =
    filter.since === undefined
      ? state.first_seq
      : (await probe(nats.manager, DEAD_STREAM, { timeMs: filter.since - CLOCK_SKEW_MS })).sequence;
  const read = async function* (from: number, to: number) {
    for await (const stored of readRange(nats, from, to, subject)) {
      if (matches(filter, stored)) yield stored;
    }
  };
  return {
    total: isEmpty(filter) ? state.messages : undefined,
    lastPosition: state.last_seq,
    oldestFirst: () => read(first, state.last_seq),
    newestFirst: () => readNewestFirst(read, first, state.last_seq),
  };
}

/** @throws {CliError} that names every position at which there is no letter. */
export async function getLetters(
  nats: Nats,
  positions: readonly number[],
): Promise<StoredLetter[]> {
  await findStream(nats.manager, DEAD_STREAM);
  const letters: StoredLetter[] = [];
  const missing: number[] = [];
  for (const position of positions) {
    const stored = await getLetter(nats, position);
    if (stored === undefined) missing.push(position);
    else letters.push(stored);
  }
  if (missing.length === 0) return letters;
  throw new CliError(
    `There is no dead letter ${missing.join(", ")}: sluice dead list shows those there are`,
  );
}

export async function getLetter(nats: Nats, position: number): Promise<StoredLetter | undefined> {
  const message = await nats.manager.streams.getMessage(DEAD_STREAM, { seq: position });
  return message === null ? undefined : parseLetter(message);
}

const BLOCK_LETTERS = 1_000;
const BLOCK_BYTES = 32 * 1024 * 1024;

/**
 * Reads blocks from the end, each forwards as a stream is read, and gives each backwards. What does not fit into the memory of one
 * block is read again; where letters are sparse, the next block spans more.
 */
export async function* readNewestFirst(
  read: (from: number, to: number) => AsyncIterable<StoredLetter>,
  first: number,
  last: number,
  limits = { letters: BLOCK_LETTERS, bytes: BLOCK_BYTES },
): AsyncGenerator<StoredLetter> {
  let end = last;
  let span = limits.letters;
  while (end >= first) {
    const start = Math.max(first, end - span + 1);
    const { letters, isWhole } = await keepNewest(read(start, end), limits);
    yield* letters.toReversed();
    const [oldest] = letters;
    end = (isWhole || oldest === undefined ? start : oldest.position) - 1;
    const isSparse = isWhole && letters.length < limits.letters / 4;
    span = isSparse ? span * 4 : limits.letters;
  }
}

async function keepNewest(
  letters: AsyncIterable<StoredLetter>,
  limits: { readonly letters: number; readonly bytes: number },
): Promise<{ letters: StoredLetter[]; isWhole: boolean }> {
  const kept: { stored: StoredLetter; bytes: number }[] = [];
  let bytes = 0;
  let isWhole = true;
  for await (const stored of letters) {
    const size = sizeOf(stored);
    kept.push({ stored, bytes: size });
    bytes += size;
    while (kept.length > 1 && (kept.length > limits.letters || bytes > limits.bytes)) {
      bytes -= kept.shift()?.bytes ?? 0;
      isWhole = false;
    }
  }
  return { letters: kept.map(({ stored }) => stored), isWhole };
}

function sizeOf({ letter }: StoredLetter): number {
  return letter.payload_base64?.length ?? JSON.stringify(letter).length;
}

async function* readRange(
  nats: Nats,
  from: number,
  to: number,
  subject: string | undefined,
): AsyncGenerator<StoredLetter> {
  if (from > to) return;
  const consumer = await nats.client.consumers.get(DEAD_STREAM, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(from, 1),
    ...(subject === undefined ? {} : { filter_subjects: subject }),
  });
  try {
    // Letters that others remove meanwhile are not sent: only the server knows how many are left.
    let emptyBatches = 0;
    for (;;) {
      const { num_pending } = await consumer.info();
      if (num_pending === 0) return;
      if (emptyBatches === 2) throw new CliError("Cannot read dead letters: NATS sends no more");
      emptyBatches += 1;
      const batch = await consumer.fetch({
        max_messages: Math.min(num_pending, FETCH_LETTERS),
        expires: FETCH_EXPIRES_MS,
      });
      for await (const message of batch) {
        emptyBatches = 0;
        if (message.seq > to) return;
        yield parseLetter(message);
        if (message.seq === to) return;
      }
    }
  } finally {
    await consumer.delete();
  }
}

/** Letters of a worker before 0.1 stand under `dead.<project>`, where a filter by subject would miss them. */
async function chooseSubject(nats: Nats, filter: LetterFilter): Promise<string | undefined> {
  const subject = subjectOfFilter(filter);
  if (subject === undefined) return undefined;
  const { state } = await nats.manager.streams.info(DEAD_STREAM, { subjects_filter: "dead.*" });
  return Object.keys(state.subjects ?? {}).length === 0 ? subject : undefined;
}

type Message = {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly time: Date;
};

function parseLetter({ seq, subject, data, time }: Message): StoredLetter {
  return { position: seq, subject, letter: decodeDeadLetter(data, time) };
}
