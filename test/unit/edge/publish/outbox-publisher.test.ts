import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FileSql, openFileSql } from "../../../../edge/node/file-sql.ts";
import type {
  NatsPublisher,
  PublishOutcome,
  StreamMessage,
} from "../../../../edge/publish/nats-publisher.ts";
import { createOutbox } from "../../../../edge/publish/outbox.ts";
import { createOutboxPublisher } from "../../../../edge/publish/outbox-publisher.ts";
import { makeTempDir, type TempDir } from "../../../support/temp-dir.ts";

const STORED = { status: "stored" } as const;
const AWAY = { status: "unreachable", reason: "TIMEOUT" } as const;
const MAX_BYTES = 1_000_000;

let folder: TempDir;
let sql: FileSql;

beforeEach(async () => {
  folder = await makeTempDir("outbox");
  sql = openFileSql(join(folder.path, "outbox.sqlite"), "exclusive");
});
afterEach(async () => {
  sql.close();
  await folder.remove();
});

/** A publisher on a NATS that answers as the test says, and counts how often it is asked to be drained. */
function createPublisher(nats: { answer: PublishOutcome }) {
  const sent: string[] = [];
  const logs: string[] = [];
  let asked = 0;
  const log = (message: string) => void logs.push(message);
  const client: NatsPublisher = {
    async publish({ messageId }) {
      sent.push(messageId);
      return nats.answer;
    },
    ping: async () => {},
    close: async () => {},
  };
  const publisher = createOutboxPublisher({
    nats: client,
    outbox: createOutbox(sql, MAX_BYTES, 0),
    logger: { info: log, warn: log, error: log },
    now: () => 1_000,
    scheduleDrain: async () => {
      asked += 1;
    },
  });
  return { ...publisher, sent, logs, asked: () => asked };
}

function message(messageId: string, bytes = 10): StreamMessage {
  return { subject: "events.demo", messageId, payload: new Uint8Array(bytes), events: 2 };
}

describe("createOutboxPublisher()", () => {
  it("keeps what NATS does not acknowledge, and asks it no more than once a drain until it does", async () => {
    const nats: { answer: PublishOutcome } = { answer: AWAY };
    const { publish, drain, status, sent, asked } = createPublisher(nats);
    expect(await publish([message("a")])).toEqual([STORED]);
    expect(await publish([message("b"), message("c")])).toEqual([STORED, STORED]);
    expect(sent).toEqual(["a"]);
    expect(status()).toMatchObject({
      isReachable: false,
      outbox: { messages: 3, events: 6, bytes: 30, maxBytes: MAX_BYTES },
    });
    await drain();
    expect(sent).toEqual(["a", "a"]);
    expect(asked()).toBe(4);

    nats.answer = STORED;
    await drain();
    expect(sent).toEqual(["a", "a", "a", "b", "c"]);
    expect(status()).toMatchObject({ isReachable: true, outbox: { messages: 0, bytes: 0 } });
    expect(asked()).toBe(4);
  });

  it("begins unreachable with what an earlier process has left", async () => {
    const before = createPublisher({ answer: AWAY });
    await before.publish([message("a")]);
    const { publish, drain, status, sent } = createPublisher({ answer: STORED });
    expect(status()).toMatchObject({ isReachable: false, outbox: { messages: 1, events: 2 } });
    await publish([message("b")]);
    expect(sent).toEqual([]);
    await drain();
    expect(sent).toEqual(["a", "b"]);
  });

  it("says when the outbox is full, and keeps what still fits", async () => {
    const { publish, status } = createPublisher({ answer: AWAY });
    const reason = "TIMEOUT, and the outbox is full";
    expect(await publish([message("a", MAX_BYTES + 1)])).toEqual([{ ...AWAY, reason }]);
    expect(await publish([message("b", MAX_BYTES)])).toEqual([STORED]);
    expect(await publish([message("c", 1)])).toEqual([
      { ...AWAY, reason: "NATS did not answer lately, and the outbox is full" },
    ]);
    expect(status().outbox).toMatchObject({ messages: 1, bytes: MAX_BYTES });
  });

  it("says when the outbox cannot be written, counts none of it, and goes on when it can", async () => {
    const { publish, status, logs } = createPublisher({ answer: AWAY });
    await publish([message("a")]);
    const [{ page_count: pages } = { page_count: 0 }] = sql.read<{ page_count: number }>(
      "pragma page_count",
    );
    sql.read(`pragma max_page_count = ${pages + 2}`);
    const reason =
      "NATS did not answer lately, and the outbox cannot be written: database or disk is full";
    // All of what is written together, also what would have fitted.
    expect(await publish([message("b"), message("c", 100_000), message("d")])).toEqual(
      Array(3).fill({ status: "unreachable", reason }),
    );
    expect(status().outbox).toMatchObject({ messages: 1, events: 2, bytes: 10 });
    expect(logs).toContain("the outbox cannot be written");
    sql.read("pragma max_page_count = 1000000");
    expect(await publish([message("c", 100_000)])).toEqual([STORED]);
    expect(status().outbox).toMatchObject({ messages: 2, bytes: 100_010 });
  });

  it("keeps what it cannot remove after it was published, and publishes it again", async () => {
    const nats: { answer: PublishOutcome } = { answer: AWAY };
    const { publish, drain, status, sent } = createPublisher(nats);
    await publish([message("a")]);
    nats.answer = STORED;
    sql.write(
      "create trigger stuck before delete on outbox begin select raise(abort, 'stuck'); end",
    );
    await sql.settle();
    await expect(drain()).rejects.toThrow("stuck");
    await new Promise(setImmediate);
    expect(status().outbox).toMatchObject({ messages: 1, bytes: 10 });
    sql.write("drop trigger stuck");
    await drain();
    expect(sent).toEqual(["a", "a", "a"]);
    expect(status().outbox).toMatchObject({ messages: 0, bytes: 0 });
  });
});
