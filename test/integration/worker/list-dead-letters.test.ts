import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type DeadLetter, deadLetterSubject } from "../../../contract/dead-letter.ts";
import { DEAD_STREAM, WORKER_INBOX } from "../../../contract/stream.ts";
import { deadStreamWish } from "../../../contract/stream-wish.ts";
import { listDeadLetters } from "../../../worker/list-dead-letters.ts";
import { ensureStream } from "../../../worker/streams.ts";
import { type NatsLogin, type NatsService, startNats } from "../../support/nats.ts";

/** `listDeadLetters()` with a real server, as the worker's user, who may do little. */
let nats: NatsService;
const connections: NatsConnection[] = [];
let manager: JetStreamManager;
/** Also removes. */
let tester: JetStreamManager;

beforeAll(async () => {
  nats = await startNats();
  manager = await connectAs(nats.worker);
  tester = await connectAs(nats.tester);
});
beforeEach(async () => {
  const wish = { maxBytes: 2 ** 30, maxAgeHours: 72, replicas: 1 };
  await ensureStream(tester, deadStreamWish(wish));
  await tester.streams.purge(DEAD_STREAM);
});
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await nats?.stop();
});

async function connectAs({ user, password: pass }: NatsLogin): Promise<JetStreamManager> {
  const connection = await connect({
    servers: nats.url,
    user,
    pass,
    ...(user === nats.worker.user ? { inboxPrefix: WORKER_INBOX } : {}),
  });
  connections.push(connection);
  return jetstreamManager(connection);
}

async function bury(projectId: string, number: number, more: Partial<DeadLetter> = {}) {
  const letter: DeadLetter = {
    reason: `${projectId} ${number}`,
    stream_sequence: number,
    subject: `events.${projectId}`,
    failed_at: "2026-06-01T12:00:00.000Z",
    event: { event_id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}` },
    ...more,
  };
  return tester.jetstream().publish(deadLetterSubject(letter), JSON.stringify(letter));
}

/** All pages, each as its letters' numbers. */
async function pagesOf(projectId: string, limit: number): Promise<number[][]> {
  const pages: number[][] = [];
  for (let before: number | undefined; ; ) {
    const page = await listDeadLetters(manager, projectId, { limit, before });
    for (const { reason } of page.letters) expect(reason).toMatch(new RegExp(`^${projectId} `));
    pages.push(page.letters.map(({ stream_sequence }) => stream_sequence));
    if (page.before === null) return pages;
    before = page.before;
  }
}

const down = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, index) => from - index);

test("gives each letter of the project once, newest first, wherever the others' lie", async () => {
  for (const number of down(30, 1).reverse()) {
    await bury("a", number);
    for (let other = 0; other < number % 7; other += 1) await bury("a-b", number);
  }
  for (let number = 100; number < 160; number += 1) await bury("b", number);
  for (const limit of [1, 2, 7, 29, 30, 31, 100]) {
    const pages = await pagesOf("a", limit);
    expect(pages.flat(), `limit ${limit}`).toEqual(down(30, 1));
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit);
  }
  expect((await pagesOf("b", 50)).map(({ length }) => length)).toEqual([50, 10]);
  expect(await pagesOf("nobody", 10)).toEqual([[]]);
});

test("passes over letters that were removed", async () => {
  for (const number of down(20, 1).reverse()) await bury("a", number);
  const { state } = await manager.streams.info(DEAD_STREAM);
  for (const number of [1, 2, 9, 10, 11, 20]) {
    await tester.streams.deleteMessage(DEAD_STREAM, state.first_seq + number - 1);
  }
  const left = [19, 18, 17, 16, 15, 14, 13, 12, 8, 7, 6, 5, 4, 3];
  for (const limit of [1, 3, 14, 15]) expect((await pagesOf("a", limit)).flat()).toEqual(left);
});

test("letters that come while somebody pages move no page", async () => {
  for (const number of down(6, 1).reverse()) await bury("a", number);
  const first = await listDeadLetters(manager, "a", { limit: 2, before: undefined });
  for (const number of [7, 8, 9]) await bury("a", number);
  const before = first.before ?? 0;
  const second = await listDeadLetters(manager, "a", { limit: 2, before });
  expect(second.letters.map(({ stream_sequence }) => stream_sequence)).toEqual([4, 3]);
});

test("a page has a limit in bytes, and at least one letter; whole messages are left out", async () => {
  const padding = "x".repeat(900_000);
  for (const number of down(12, 1).reverse()) await bury("a", number, { event: { padding } });
  const pages = await pagesOf("a", 100);
  expect(pages.flat()).toEqual(down(12, 1));
  expect(pages.map(({ length }) => length)).toEqual([4, 4, 4]);
  await tester.streams.purge(DEAD_STREAM);
  const payload_base64 = Buffer.from(padding.slice(0, 600_000)).toString("base64");
  for (const number of down(8, 1).reverse()) {
    await bury("a", number, { event: undefined, payload_base64, payload_is_cut: true });
  }
  const { letters } = await listDeadLetters(manager, "a", { limit: 100, before: undefined });
  expect(letters).toHaveLength(8);
  expect(JSON.stringify(letters).length).toBeLessThan(2_000);
});

test("answers for what no worker has written", async () => {
  await tester.jetstream().publish("dead.a._", "neither JSON nor anything");
  const { letters } = await listDeadLetters(manager, "a", { limit: 1, before: undefined });
  expect(letters).toEqual([expect.objectContaining({ reason: "(not a dead letter)" })]);
});

test("leaves no consumer behind", async () => {
  for (const number of down(40, 1).reverse()) await bury("a", number);
  await pagesOf("a", 3);
  expect((await manager.streams.info(DEAD_STREAM)).state.consumer_count).toBe(0);
});
