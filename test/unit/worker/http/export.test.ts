import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoredEvent } from "../../../../contract/receipt.ts";
import { EXPORT_FORMATS } from "../../../../contract/store-api.ts";
import { createEngine, post, startServer } from "./http-server.ts";

const WISH = { project_id: "shop", from: "2024-03-01T00:00:00Z", to: "2024-04-01T00:00:00Z" };

let scratchDir: string;

beforeEach(() => {
  scratchDir = mkdtempSync(join(tmpdir(), "sluice-export-test-"));
});
afterEach(() => rmSync(scratchDir, { recursive: true, force: true }));

async function start(exportEvents: () => AsyncIterable<readonly StoredEvent[]>): Promise<string> {
  return startServer({ scratchDir, engine: createEngine({ exportEvents }) });
}

test.each(EXPORT_FORMATS)(
  "POST /export as %s is a problem while nothing was sent",
  async (format) => {
    const url = await start(async function* () {
      yield* [];
      throw new Error("secret");
    });
    const response = await post(`${url}/export`, { ...WISH, format });
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("secret");
    expect(readdirSync(scratchDir)).toEqual([]);
  },
);

test.each(["ndjson", "csv"])(
  "POST /export as %s cuts the connection when it fails half-way",
  async (format) => {
    const { promise: isRead, resolve: goOn } = Promise.withResolvers<void>();
    const url = await start(async function* () {
      yield createEvents(0, 10);
      await isRead;
      throw new Error("the database went away");
    });
    const response = await post(`${url}/export`, { ...WISH, format });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    goOn();
    await expect(reader?.read()).rejects.toThrow();
  },
);

test("POST /export as parquet fails whole, and leaves nothing on disk", async () => {
  const url = await start(async function* () {
    yield createEvents(0, 10);
    throw new Error("the database went away");
  });
  expect((await post(`${url}/export`, { ...WISH, format: "parquet" })).status).toBe(503);
  expect(readdirSync(scratchDir)).toEqual([]);
});

test("POST /export reads no more than its client takes, and stops when that goes away", async () => {
  let pieces = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const url = await start(async function* () {
    try {
      for (;;) {
        pieces += 1;
        yield createEvents(pieces * 1_000, 1_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      end();
    }
  });
  const client = new AbortController();
  const response = await post(
    `${url}/export`,
    { ...WISH, format: "ndjson" },
    { signal: client.signal },
  );
  expect(response.status).toBe(200);
  // What it was ahead when it stopped reading for the client, it still is later.
  const ahead = await settled(() => pieces);
  expect(ahead).toBeLessThan(200);
  client.abort();
  await ended;
});

test.each([
  ["a format that there is not", { format: "xml" }, "/format"],
  ["no end", { format: "csv", to: undefined }, "/to"],
  ["a time that is none", { format: "csv", from: "yesterday" }, "/from"],
])("POST /export refuses %s", async (_, members, pointer) => {
  const url = await startServer();
  const response = await post(`${url}/export`, { ...WISH, ...members });
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
});

function createEvents(start: number, count: number): StoredEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    event_id: `00000000-0000-4000-8000-${String(start + index).padStart(12, "0")}`,
    event_type: "signup",
    user_id: "u1",
    occurred_at: "2024-03-01T00:00:00.000Z",
    received_at: "2024-03-01T00:00:00.000Z",
    properties: { text: "x".repeat(100) },
  }));
}

/** The value once it has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1, same = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    same = read() === last ? same + 1 : 0;
    last = read();
    if (same === 10) return last;
  }
}
