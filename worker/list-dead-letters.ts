import { randomUUID } from "node:crypto";
import { AckPolicy, DeliverPolicy, type JetStreamManager } from "@nats-io/jetstream";
import { deadSubjectsOf, type UnwrappedLetter, unwrapLetter } from "../contract/dead-letter.ts";
import type { DeadLetterPage } from "../contract/dead-letter-page.ts";
import { DEAD_STREAM } from "../contract/stream.ts";
import { readDeadLetters } from "./read-dead-letters.ts";
import { withTimeLimit } from "./time-limit.ts";

export type DeadLetterPageRequest = {
  readonly limit: number;
  /** Only letters before this position in the stream; undefined: the newest. */
  readonly before: number | undefined;
};

const TIMEOUT_MS = 4_000;
/** Of a page, as JSON. One letter is always given. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/**
 * A page of a project's dead letters, newest first. A stream is read forwards only, so the place from which on there are just enough of
 * them is found first, by halving: the server counts a project's messages without sending them.
 * @throws when the stream does not answer in time.
 */
export function listDeadLetters(
  manager: JetStreamManager,
  projectId: string,
  request: DeadLetterPageRequest,
): Promise<DeadLetterPage> {
  return withTimeLimit(TIMEOUT_MS, list(manager, projectId, request));
}

async function list(
  manager: JetStreamManager,
  projectId: string,
  { limit, before = Number.POSITIVE_INFINITY }: DeadLetterPageRequest,
): Promise<DeadLetterPage> {
  const { state } = await manager.streams.info(DEAD_STREAM);
  const first = Math.max(1, state.first_seq);
  const end = Math.min(before, state.last_seq + 1);
  if (first >= end) return { letters: [], before: null };
  const behind = await countFrom(manager, projectId, end);
  const countUpToEnd = async (position: number) =>
    (await countFrom(manager, projectId, position)) - behind;
  const hasMore = (await countUpToEnd(first)) > limit;
  const start = hasMore ? await findStart({ first, end, wanted: limit }, countUpToEnd) : first;
  const { letters, oldest, isCut } = await readNewest(manager, projectId, { start, end, limit });
  return { letters, before: hasMore || isCut ? oldest : null };
}

/** The last position from which on there are at least so many letters, or one before it. */
async function findStart(
  { first, end, wanted }: { readonly first: number; readonly end: number; readonly wanted: number },
  countUpToEnd: (position: number) => Promise<number>,
): Promise<number> {
  let low = first;
  let high = end;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const count = await countUpToEnd(middle);
    if (count < wanted) {
      high = middle;
      continue;
    }
    low = middle;
    // To read a few more costs less than to look for the very place.
    if (count <= wanted * 1.5) break;
  }
  return low;
}

/** How many letters of the project there are from a position on. */
async function countFrom(
  manager: JetStreamManager,
  projectId: string,
  position: number,
): Promise<number> {
  const { name, num_pending } = await manager.consumers.add(DEAD_STREAM, {
    // The worker's user may create consumers by name only.
    name: `count-${randomUUID()}`,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: position,
    filter_subject: deadSubjectsOf(projectId),
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: 5_000_000_000,
  });
  await manager.consumers.delete(DEAD_STREAM, name);
  return num_pending;
}

/** The newest of a block, newest first. `oldest` is the position of the last of them. */
async function readNewest(
  manager: JetStreamManager,
  projectId: string,
  block: { readonly start: number; readonly end: number; readonly limit: number },
): Promise<{ letters: UnwrappedLetter[]; oldest: number; isCut: boolean }> {
  const kept: { position: number; letter: UnwrappedLetter; bytes: number }[] = [];
  let bytes = 0;
  let isCut = false;
  for await (const { position, letter } of readDeadLetters(manager, projectId, block.start)) {
    if (position >= block.end) break;
    const unwrapped = unwrapLetter(letter);
    const size = Buffer.byteLength(JSON.stringify(unwrapped));
    kept.push({ position, letter: unwrapped, bytes: size });
    bytes += size;
    while (kept.length > block.limit || (bytes > MAX_PAGE_BYTES && kept.length > 1)) {
      bytes -= kept.shift()?.bytes ?? 0;
      isCut = true;
    }
  }
  const letters = kept.map(({ letter }) => letter).toReversed();
  return { letters, oldest: kept[0]?.position ?? block.start, isCut };
}
