import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createLocalPublisher,
  type LocalPublisher,
} from "../../../../edge/node/local-publisher.ts";
import type {
  NatsPublisher,
  PublishOutcome,
  StreamMessage,
} from "../../../../edge/publish/nats-publisher.ts";
import { poll } from "../../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../../support/temp-dir.ts";

const NEVER = new AbortController().signal;
const EMPTY = { messages: 0, events: 0, bytes: 0, oldestAgeMs: 0 };

let folder: TempDir;
/** What NATS has got, and whether it takes anything. */
let sent: string[];
let isAway: boolean;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval"] });
  folder = await makeTempDir("local-publisher");
  sent = [];
  isAway = true;
});
afterEach(async () => {
  vi.useRealTimers();
  await folder.remove();
});

const nats: NatsPublisher = {
  async publish({ messageId }): Promise<PublishOutcome> {
    if (isAway) return { status: "unreachable", reason: "CONNECTION_REFUSED" };
    sent.push(messageId);
    return { status: "stored" };
  },
  ping: async () => {},
  close: async () => {},
};

function create(): LocalPublisher {
  const log = () => {};
  return createLocalPublisher({
    folder: folder.path,
    maxBytes: 1_000_000,
    region: "eu-1",
    nats,
    logger: { info: log, warn: log, error: log },
  });
}

function message(messageId: string): StreamMessage {
  return { subject: "events.demo", messageId, payload: new Uint8Array(10), events: 1 };
}

const send = (publisher: LocalPublisher, ids: readonly string[]) =>
  publisher.publish(ids.map(message), {});
const namesOf = async (publisher: LocalPublisher) =>
  (await publisher.reports({})).map(({ name }) => name);

describe("createLocalPublisher()", () => {
  it("drains what it has kept before it closes, in order", async () => {
    const publisher = create();
    await send(publisher, ["a", "b", "c"]);
    isAway = false;
    await publisher.close(NEVER);
    expect(sent).toEqual(["a", "b", "c"]);
    const next = create();
    expect(await next.reports({})).toMatchObject([
      { status: { isReachable: true, outbox: EMPTY } },
    ]);
    await next.close(NEVER);
  });

  it("leaves what NATS does not take to the next process, which drains it by itself", async () => {
    const publisher = create();
    expect(await send(publisher, ["a", "b"])).toEqual([{ status: "stored" }, { status: "stored" }]);
    await publisher.close(NEVER);
    const next = create();
    expect(await next.reports({})).toMatchObject([
      { name: "eu-1-0", status: { isReachable: false, outbox: { messages: 2 } } },
    ]);
    isAway = false;
    await poll("what was left", () => sent.length === 2);
    await next.close(NEVER);
    expect(sent).toEqual(["a", "b"]);
  });

  it("closes at once when it may not wait", async () => {
    const publisher = create();
    await send(publisher, ["a"]);
    isAway = false;
    await publisher.close(AbortSignal.abort());
    expect(sent).toEqual([]);
  });

  it("has a file of its own beside other processes, and drains that of one that ended for ever", async () => {
    const survivor = create();
    const victim = create();
    expect([await namesOf(survivor), await namesOf(victim)]).toEqual([["eu-1-0"], ["eu-1-1"]]);
    await send(victim, ["a", "b"]);
    vi.advanceTimersByTime(10_000);
    expect(await namesOf(survivor)).toEqual(["eu-1-0"]);

    await victim.close(AbortSignal.abort());
    vi.advanceTimersByTime(10_000);
    expect(await survivor.reports({})).toMatchObject([
      { name: "eu-1-0", status: { outbox: EMPTY } },
      { name: "eu-1-1", status: { outbox: { messages: 2 } } },
    ]);
    isAway = false;
    await poll("what was left", () => sent.length === 2);
    vi.advanceTimersByTime(10_000);
    expect(await namesOf(survivor)).toEqual(["eu-1-0"]);
    // The file is free again.
    const next = await poll("a free file", async () => {
      const publisher = create();
      const names = await namesOf(publisher);
      if (names[0] === "eu-1-1") return publisher;
      await publisher.close(NEVER);
      return undefined;
    });
    await Promise.all([survivor.close(NEVER), next.close(NEVER)]);
  });
});
