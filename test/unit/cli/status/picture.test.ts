import { describe, expect, test } from "vitest";
import { createPaint } from "../../../../cli/parts/paint.ts";
import { drawChart, drawPicture } from "../../../../cli/status/picture.ts";
import type { Snapshot } from "../../../../cli/status/snapshot.ts";

const PLAIN = createPaint({ isTTY: false }, {});
const WELL: Snapshot = {
  at: "2026-03-01T12:00:00.000Z",
  accepted_per_second: 1_204.4,
  rejected_per_second: 0,
  duplicate_per_second: 0,
  stored_per_second: 1_198,
  queries_per_second: 4.62,
  query_p95_seconds: 0.045,
  lag: { messages: 0, bytes: 0, seconds: 0 },
  freshness_seconds: 0.4,
  outbox: { messages: 0, events: 0, bytes: 0, seconds: 0 },
  dead_letters: 0,
  stream: { messages: 175, bytes: 2_600_000, max_bytes: 8_000_000_000 },
  archiver: null,
  parts: {
    edge: { state: "ready", reason: null, behind: { redis: "ok", stream: "ok" } },
    worker: { state: "ready", reason: null, behind: { nats: "ok", database: "ok" } },
    nats: { state: "ready", reason: null, behind: { EVENTS: "ok" } },
  },
};

function draw(snapshot: Partial<Snapshot>, width = 100, past: Snapshot[] = []) {
  return drawPicture({ ...WELL, ...snapshot }, { title: "here", width, paint: PLAIN, past });
}

describe("drawPicture()", () => {
  test("shows a pipeline that is well", () => {
    expect(draw({})).toEqual([
      "Sluice: here  12:00:00 UTC",
      "",
      "accepted       1,204/s  █",
      "stored         1,198/s  █",
      "queries          4.6/s  █                               95 % within 45 ms",
      "",
      "lag          none",
      "freshness    statistics are 400 ms old",
      "outbox       empty",
      "dead letters none",
      "stream       175 messages, 2.6 MB of 8 GB, 0 %",
      "",
      "edge         ready     redis, stream ok",
      "worker       ready     nats, database ok",
      "NATS         ready     EVENTS ok",
    ]);
  });

  test("shows what is the matter", () => {
    const lines = draw({
      rejected_per_second: 3,
      duplicate_per_second: 12,
      lag: { messages: 4, bytes: 2_000, seconds: 61 },
      outbox: { messages: 1, events: 20, bytes: 300, seconds: 4 },
      dead_letters: 1,
      archiver: {
        last_success: "2026-03-01T11:00:00.000Z",
        floor: "2026-02-01T00:00:00.000Z",
        failed: 2,
      },
      parts: {
        edge: { state: "degraded", reason: null, behind: { redis: "no answer", stream: "ok" } },
        worker: { state: "away", reason: "no answer within 3 s", behind: {} },
        nats: { state: "unknown", reason: null, behind: {} },
      },
    });
    expect(lines[2]).toMatch(/ {2}12\/s duplicate {2}3\/s rejected$/);
    expect(lines.slice(6)).toEqual([
      "lag          4 messages, about 2 kB, the oldest for 61 s",
      "freshness    statistics are 400 ms old",
      "outbox       20 events, 300 B, the oldest for 4.0 s",
      "dead letters 1 event: sluice dead list",
      "stream       175 messages, 2.6 MB of 8 GB, 0 %",
      "archiver     last ran 60 min ago, cold before 2026-02-01, failed 2 times",
      "",
      "edge         degraded  redis: no answer  stream ok",
      "worker       away      no answer within 3 s",
      "NATS         not given",
    ]);
  });

  test("shows what is not known as such", () => {
    const lines = draw({
      accepted_per_second: null,
      query_p95_seconds: null,
      lag: null,
      freshness_seconds: null,
      outbox: null,
      dead_letters: null,
      stream: null,
    });
    expect(lines[2]).toBe("accepted             –");
    expect(lines.slice(6, 11).map((line) => line.slice(13))).toEqual(Array(5).fill("not known"));
  });

  test("keeps every line within the terminal, colours aside", () => {
    for (const width of [100, 40, 12, 1]) {
      for (const line of draw({}, width)) expect([...line].length).toBeLessThanOrEqual(width);
    }
    const paint = createPaint({ isTTY: true }, {});
    const lines = drawPicture(WELL, { title: "here", width: 20, paint, past: [] });
    expect(lines.join("\n")).toContain("\u001b[32mready");
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they begin a colour
      const visible = line.replace(/\u001b\[\d+m/g, "");
      expect([...visible].length).toBeLessThanOrEqual(20);
    }
  });

  test("lets neither a secret nor a control character of a part's words through", () => {
    const reason = "postgres://u:hunter2@db \u001b[2J";
    const parts = { ...WELL.parts, worker: { state: "away", reason, behind: {} } };
    expect(draw({ parts }).join("\n")).toContain("postgres://u:[redacted]@db \\u001b[2J");
  });
});

test.each([
  [[], ""],
  [[0, 0], "▁▁"],
  [[0, 5, 10], "▁▅█"],
  [[null, 1, null], " █ "],
])("drawChart() of %j", (values, expected) => {
  expect(drawChart(values)).toBe(expected);
});
