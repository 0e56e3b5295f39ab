import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { decodeEnvelope } from "../../../contract/envelope.ts";
import type { Event } from "../../../contract/event.ts";
import { DEAD_STREAM, EVENTS_STREAM } from "../../../contract/stream.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { createNatsCli, type NatsCli } from "./nats-cli.ts";

let nats: NatsService;
let cli: NatsCli;

beforeAll(async () => {
  nats = await startNats();
  cli = await createNatsCli(nats);
});

beforeEach(() => cli.recreateStreams());

afterAll(async () => {
  await cli?.close();
  await nats?.stop();
});

describe("sluice dead list", () => {
  test("shows the newest first, and how many there are", async () => {
    await buryThree();
    const { code, stdout, stderr } = await cli.run("dead", "list");
    expect(stdout).toBe(
      `POSITION  FAILED AT             PROJECT  EVENT TYPE  USER  REASON
       3  2026-03-01T12:00:01Z  blog     -           -     the payload is not JSON
       2  2026-03-01T11:00:01Z  blog     read        bob   date out of range
       1  2026-03-01T10:00:01Z  shop     buy         ann   unsupported\\u0000 \\u001b[31m
`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "3 dead letters\n" });
  });

  test.each([
    [
      ["--project", "blog"],
      [3, 2],
    ],
    [
      ["--since", "2026-03-01T11:00:00Z"],
      [3, 2],
    ],
    [["--event-id", idOf(1).toUpperCase()], [1]],
    [["--event-id", idOf(2), "--project", "shop"], []],
    [["--reason", "22p05"], [1]],
    [["--reason", "OUT OF"], [2]],
    [["--limit", "1"], [3]],
    [["--limit", "1", "--project", "blog"], [3]],
  ])("keeps to %j", async (args, positions) => {
    await buryThree();
    const { code, stdout } = await cli.run("dead", "list", "--json", ...args);
    expect(stdout.split("\n").flatMap((line) => (line ? [JSON.parse(line).position] : []))).toEqual(
      positions,
    );
    expect(code).toBe(0);
  });

  test("counts what it does not show", async () => {
    await buryThree();
    const limited = await cli.run("dead", "list", "--limit", "1");
    expect(limited.stderr).toBe("1 of 3 dead letters\n");
    const filtered = await cli.run("dead", "list", "--limit", "1", "--project", "blog");
    expect(filtered.stderr).toBe("1 of 2 dead letters\n");
    const none = await cli.run("dead", "list", "--project", "other");
    expect(none).toEqual({ code: 0, stdout: "", stderr: "No dead letters\n" });
  });

  test("finds letters that older workers wrote, and any other thing", async () => {
    await cli.publish("dead.shop", JSON.stringify({ ...letterOf(1), event: eventOf(1) }));
    await cli.publish("dead.shop.x", "no letter");
    const { stdout } = await cli.run("dead", "list", "--json", "--project", "shop");
    const letters = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(letters.map(({ position, reason }) => [position, reason])).toEqual([
      [2, "(not a dead letter)"],
      [1, "date out of range"],
    ]);
  });

  test("reads thousands of letters in order, with gaps among them", async () => {
    const total = 3_000;
    for (let from = 1; from <= total; from += 500) {
      const numbers = Array.from({ length: 500 }, (_, index) => from + index);
      await Promise.all(numbers.map((number) => cli.bury({ event: eventOf(number) })));
    }
    for (let seq = 1_001; seq < 2_000; seq += 1) {
      if (seq % 2 === 0) await cli.manager.streams.deleteMessage(DEAD_STREAM, seq, false);
    }
    const { stdout, stderr } = await cli.run("dead", "list", "--json");
    const positions = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).position as number);
    const expected = Array.from({ length: total }, (_, index) => total - index).filter(
      (seq) => seq <= 1_000 || seq >= 2_000 || seq % 2 === 1,
    );
    expect(positions).toEqual(expected);
    expect(stderr).toBe("2,501 dead letters\n");
  });
});

describe("sluice dead show", () => {
  test("prints everything about a letter", async () => {
    await buryThree();
    const event = await cli.run("dead", "show", "2");
    expect(event.stdout).toBe(`position     2
project      blog
reason       date out of range
failed at    2026-03-01T11:00:01.000Z
received at  2026-03-01T10:00:00.000Z
message      7 of EVENTS, subject events.blog

event
${JSON.stringify(eventOf(2), null, 2)}
`);
    const message = await cli.run("dead", "show", "3");
    expect(message.stdout).toMatch(/\npayload \(7 bytes\)\n\{"v":1,\n$/);
  });

  test("prints the event alone, to be mended", async () => {
    await buryThree();
    const { stdout } = await cli.run("dead", "show", "2", "--event");
    expect(stdout).toBe(`${JSON.stringify(eventOf(2))}\n`);
    expect(await cli.run("dead", "show", "3", "--event")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "sluice: Dead letter 3 holds no event: its whole message could not be read (sluice dead show 3)\n",
    });
  });

  test("knows no other position", async () => {
    await buryThree();
    expect(await cli.run("dead", "show", "4")).toEqual({
      code: 1,
      stdout: "",
      stderr: "sluice: There is no dead letter 4: sluice dead list shows those there are\n",
    });
  });
});

describe("sluice dead replay", () => {
  test("publishes the event as it was and removes its letter only", async () => {
    await buryThree();
    const { code, stdout, stderr } = await cli.run("dead", "replay", "2");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "Replayed 1 dead letter\n",
      stderr: "",
    });
    const [message, ...others] = await cli.read(EVENTS_STREAM);
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      subject: "events.blog",
      id: expect.stringMatching(/^dead-2-/),
    });
    expect(decodeEnvelope(Buffer.from(message?.text ?? ""))).toEqual({
      v: 1,
      received_at: "2026-03-01T10:00:00.000Z",
      request_id: "dead-2",
      events: [eventOf(2)],
    });
    expect(await positions()).toEqual([1, 3]);
  });

  test("publishes a message that could not be read as it was", async () => {
    await buryThree();
    await cli.run("dead", "replay", "--reason", "not JSON");
    expect(await cli.read(EVENTS_STREAM)).toMatchObject([
      { subject: "events.blog", text: '{"v":1,' },
    ]);
    expect(await positions()).toEqual([1, 2]);
  });

  test("stores once what a first attempt published without removing it", async () => {
    await cli.bury(letterOf(1));
    await cli.run("dead", "replay", "1");
    await cli.recreateStreams({ names: [DEAD_STREAM] });
    await cli.bury(letterOf(1));
    await cli.run("dead", "replay", "1");
    expect(await cli.read(EVENTS_STREAM)).toHaveLength(1);
    expect(await positions()).toEqual([]);
  });

  test("takes no letter for another one that had its position", async () => {
    await cli.bury(letterOf(1));
    await cli.run("dead", "replay", "1");
    await cli.recreateStreams({ names: [DEAD_STREAM] });
    await cli.bury(letterOf(2));
    await cli.run("dead", "replay", "1");
    expect(await cli.read(EVENTS_STREAM)).toHaveLength(2);
  });

  test("says what cannot be replayed, and replays the others", async () => {
    await cli.bury({ payload_base64: "aGFsZg==", payload_is_cut: true });
    await cli.bury(letterOf(1));
    await cli.publish("dead.shop.x", "no letter");
    const { code, stdout, stderr } = await cli.run("dead", "replay", "--all");
    expect(stdout).toBe("Replayed 1 dead letter\n");
    expect(stderr.trim().split("\n").sort()).toEqual([
      "Cannot replay dead letter 1: its payload was too large for a dead letter and was cut",
      "Cannot replay dead letter 3: it does not name the subject it came from",
    ]);
    expect(code).toBe(1);
    expect(await positions()).toEqual([1, 3]);
  });

  test("shows in a dry run what it would do, and does nothing", async () => {
    await buryThree();
    const { code, stdout, stderr } = await cli.run("dead", "replay", "--all", "--dry-run");
    expect(stdout.split("\n")).toHaveLength(5);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "Would replay 3 dead letters\n" });
    expect(await cli.read(EVENTS_STREAM)).toEqual([]);
    expect(await positions()).toEqual([1, 2, 3]);
  });

  test("puts a mended event into the place of the broken one", async () => {
    await buryThree();
    const mended = { ...eventOf(2), properties: { mended: true } };
    writeFileSync(join(cli.cwd, "event.json"), JSON.stringify(mended));
    const { code } = await cli.run("dead", "replay", "2", "--with", "event.json");
    expect(code).toBe(0);
    const [message] = await cli.read(EVENTS_STREAM);
    expect(decodeEnvelope(Buffer.from(message?.text ?? "")).events).toEqual([mended]);
    expect(await positions()).toEqual([1, 3]);
  });

  test("reads a mended event from standard input", async () => {
    await buryThree();
    const { child, done } = cli.start("dead", "replay", "2", "--with", "-");
    child.stdin?.end(JSON.stringify(eventOf(2)));
    expect((await done).stdout).toBe("Replayed 1 dead letter\n");
  });

  test.each([
    ["{", "Cannot replay event.json: it is not one JSON object"],
    ['{"event_type":"x"}', "Cannot replay event.json: user_id is missing"],
    ['{"event_type":"x","user_id":"u"}', "the event needs its event_id and occurred_at"],
  ])("refuses %s as a mended event", async (text, message) => {
    await buryThree();
    writeFileSync(join(cli.cwd, "event.json"), text);
    const { code, stderr } = await cli.run("dead", "replay", "2", "--with", "event.json");
    expect(stderr).toContain(message);
    expect(code).toBe(1);
    expect(await positions()).toEqual([1, 2, 3]);
  });

  test("stops where the stream is full, loses nothing, and goes on when there is room", async () => {
    await cli.recreateStreams({ maxBytes: 1024 * 1024 });
    for (let number = 1; number <= 40; number += 1) {
      const event = { ...eventOf(number), properties: { text: "x".repeat(20_000) } };
      await cli.bury({ ...letterOf(number), event });
    }
    await cli.publish("events.shop", "y".repeat(700_000));
    const full = await cli.run("dead", "replay", "--all");
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(
      /^sluice: Stopped after \d+ replayed dead letters: maximum bytes exceeded\. Nothing is lost/,
    );
    const stored = (await cli.read(EVENTS_STREAM)).length - 1;
    expect(stored).toBeGreaterThan(0);
    expect(await positions()).toHaveLength(40 - stored);
    await cli.manager.streams.deleteMessage(EVENTS_STREAM, 1);
    const next = await cli.run("dead", "replay", "--all");
    expect(next.stdout).toBe(`Replayed ${40 - stored} dead letters\n`);
    expect(await positions()).toEqual([]);
    expect(new Set((await cli.read(EVENTS_STREAM)).map(({ id }) => id)).size).toBe(40);
  });

  test("stops after Ctrl-C, says how far it came, and loses nothing", async () => {
    for (let number = 1; number <= 30; number += 1) await cli.bury(letterOf(number));
    const { child, output, done } = cli.start("dead", "replay", "--all", "--rate", "1");
    await poll("the first", async () => (await cli.read(EVENTS_STREAM)).length > 0);
    child.kill("SIGINT");
    const { code } = await done;
    const stored = (await cli.read(EVENTS_STREAM)).length;
    expect(stored).toBeLessThan(30);
    expect(output).toEqual({
      stdout: `Replayed ${stored} dead letter${stored === 1 ? "" : "s"}\n`,
      stderr: "sluice: Stopped: the other dead letters are still there\n",
    });
    expect(code).toBe(130);
    expect(await positions()).toHaveLength(30 - stored);
  });

  test("stops when NATS dies, loses nothing, and stores each once when it goes on", async () => {
    for (let number = 1; number <= 200; number += 1) await cli.bury(letterOf(number));
    const { done } = cli.start("dead", "replay", "--all", "--rate", "50");
    await poll("some", async () => (await cli.read(EVENTS_STREAM)).length > 5);
    await nats.kill();
    const { code, stderr } = await done;
    await nats.restart();
    expect(stderr).toMatch(/^sluice: Stopped after \d+ replayed dead letters?: .*Nothing is lost/);
    expect(code).toBe(1);
    const left = await poll("NATS again", positions);
    expect(left.length).toBeGreaterThan(0);
    const { stdout } = await cli.run("dead", "replay", "--all");
    expect(stdout).toMatch(/^Replayed \d+ dead letters\n$/);
    expect(await positions()).toEqual([]);
    const ids = (await cli.read(EVENTS_STREAM)).map(({ id }) => id);
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(200);
  });

  test("replays thousands", async () => {
    for (let from = 1; from <= 2_000; from += 500) {
      const numbers = Array.from({ length: 500 }, (_, index) => from + index);
      await Promise.all(numbers.map((number) => cli.bury(letterOf(number))));
    }
    const { stdout } = await cli.run("dead", "replay", "--project", "shop");
    expect(stdout).toBe("Replayed 1,000 dead letters\n");
    expect((await cli.manager.streams.info(EVENTS_STREAM)).state.messages).toBe(1_000);
    expect((await cli.manager.streams.info(DEAD_STREAM)).state.messages).toBe(1_000);
  });
});

describe("sluice dead drop", () => {
  test.each([
    [["2"], [1, 3], "Dropped 1 dead letter\n"],
    [["3", "1", "3"], [2], "Dropped 2 dead letters\n"],
    [["--project", "blog"], [1], "Dropped 2 dead letters\n"],
    [["--all"], [], "Dropped 3 dead letters\n"],
    [["--reason", "no such"], [1, 2, 3], "Dropped 0 dead letters\n"],
  ])("drops %j", async (args, left, message) => {
    await buryThree();
    const { code, stdout } = await cli.run("dead", "drop", "--yes", ...args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: message });
    expect(await positions()).toEqual(left);
  });

  test("drops nothing unasked", async () => {
    await buryThree();
    expect(await cli.run("dead", "drop", "--all")).toEqual({
      code: 2,
      stdout: "",
      stderr: "sluice: Drop 3 dead letters for good? Pass --yes where nobody can be asked\n",
    });
    const dry = await cli.run("dead", "drop", "--dry-run", "1");
    expect(dry.stderr).toBe("Would drop 1 dead letter\n");
    expect(await positions()).toEqual([1, 2, 3]);
  });

  test("drops none when one position is unknown", async () => {
    await buryThree();
    const { code, stderr } = await cli.run("dead", "drop", "--yes", "1", "8", "9");
    expect(stderr).toContain("There is no dead letter 8, 9");
    expect(code).toBe(1);
    expect(await positions()).toEqual([1, 2, 3]);
  });
});

describe("sluice dead refuses", () => {
  test.each([
    [["replay"], "Nothing is selected: give positions, a filter such as --project, or --all"],
    [["drop", "--yes"], "Nothing is selected"],
    [["drop", "1", "--all"], "Give either positions or filters"],
    [["replay", "x"], '"x" is not a position, a whole number from 1.'],
    [["replay", "1", "2", "--with", "event.json"], "--with takes exactly one position"],
    [["list", "--project", "Shop"], '"Shop" is not a project'],
    [["list", "--since", "soon"], '"soon" is neither a time ago such as 90s'],
    [["list", "--limit", "0"], "It must be a whole number from 1."],
    [["lisst"], "(Did you mean list?)"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await cli.run("dead", ...args);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("a mended event that cannot be read", async () => {
    await buryThree();
    const { code, stderr } = await cli.run("dead", "replay", "1", "--with", "absent.json");
    expect(stderr).toContain("sluice: Cannot read absent.json: ENOENT");
    expect(code).toBe(1);
  });
});

async function buryThree(): Promise<void> {
  await cli.bury({
    ...letterOf(1),
    sqlstate: "22P05",
    reason: "unsupported\0 \u001b[31m",
    failed_at: "2026-03-01T10:00:01.000Z",
    subject: "events.shop",
  });
  await cli.bury({ ...letterOf(2), failed_at: "2026-03-01T11:00:01.000Z" });
  await cli.bury({
    reason: "the payload is not JSON",
    subject: "events.blog",
    failed_at: "2026-03-01T12:00:01.000Z",
    payload_base64: Buffer.from('{"v":1,').toString("base64"),
  });
}

function letterOf(number: number) {
  const subject = number % 2 === 0 ? "events.blog" : "events.shop";
  return { reason: "date out of range", subject, event: eventOf(number) };
}

function eventOf(number: number): Event {
  return {
    event_id: idOf(number),
    occurred_at: "2026-03-01T09:59:59.000Z",
    event_type: number % 2 === 0 ? "read" : "buy",
    user_id: number % 2 === 0 ? "bob" : "ann",
    properties: { number, emoji: "🧪" },
  };
}

function idOf(number: number): string {
  return `abcdef00-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

async function positions(): Promise<number[]> {
  return (await cli.read(DEAD_STREAM)).map(({ seq }) => seq);
}
