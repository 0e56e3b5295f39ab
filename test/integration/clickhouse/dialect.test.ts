import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addBuckets, floorToBucket, formatInstant } from "../../../contract/time-buckets.ts";
import { clickHouseDialect } from "../../../sql/clickhouse/dialect.ts";
import { createBinder } from "../../../sql/statement.ts";
import { type ClickHouse, connectClickHouse } from "../../../worker/clickhouse/database.ts";
import { type ClickHouseService, startClickHouse } from "../../support/clickhouse-server.ts";
import { HOSTILE_KEYS } from "../../support/random-cases.ts";

const NEVER = new AbortController().signal;

let server: ClickHouseService;
let clickHouse: ClickHouse;

beforeAll(async () => {
  server = await startClickHouse();
  const { url } = server;
  clickHouse = connectClickHouse({ url, user: "default", password: "", database: "default" });
});
afterAll(async () => {
  await clickHouse?.close();
  await server?.stop();
});

/** Of each object what the dialect makes of its property. */
async function readProperty(
  what: "textOf" | "numberOf",
  objects: readonly object[],
  key: string,
): Promise<unknown[]> {
  const { bind, params } = createBinder(clickHouseDialect);
  const lines = bind(objects.map((object) => JSON.stringify(object)).join("\n"), "text");
  const text = `select ${clickHouseDialect[what](bind(key, "key"))} as found
    from (select arrayJoin(splitByChar('\\n', ${lines})) as properties)`;
  const rows = await clickHouse.read<{ found: unknown }>({ text, params }, NEVER);
  return rows.map((row) => row.found);
}

const readTexts = (objects: readonly object[], key: string) => readProperty("textOf", objects, key);

const numbers = fc.oneof(
  fc.double({ noNaN: true, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  fc.double({ noNaN: true, min: -1e-3, max: 1e-3 }),
  fc.maxSafeInteger(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => cents / 100),
);

describe("textOf()", () => {
  it.each([
    ...[1e-7, 0.000001, 0.0000015, 0.1, 2.5, 4.35, 123456.789, 1e-21, 5e-324, -1.5e-10],
    ...[0, -0, 5, -5, 1e15, 9007199254740991, -9007199254740991],
  ])("writes %d as JavaScript does", async (number) => {
    expect(await readTexts([{ k: number }], "k")).toEqual([String(number)]);
  });

  it("writes every number as JavaScript does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 50, maxLength: 100 }), async (given) => {
        const texts = await readTexts(
          given.map((k) => ({ k })),
          "k",
        );
        expect(texts).toEqual(given.map(String));
      }),
      { numRuns: 50 },
    );
  });

  it("has none for null, objects, arrays and what is not there", async () => {
    expect(
      await readTexts([{ k: null }, { k: { k: 1 } }, { k: ["k"] }, {}, { j: "k" }], "k"),
    ).toEqual([null, null, null, null, null]);
  });

  it.each(HOSTILE_KEYS)("finds the key %j and no other", async (key) => {
    const objects = HOSTILE_KEYS.map((name) => ({ [name]: `value of ${name}` }));
    expect(await readTexts(objects, key)).toEqual(
      HOSTILE_KEYS.map((name) => (name === key ? `value of ${name}` : null)),
    );
  });
});

describe("numberOf()", () => {
  it("reads every number exactly", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 50, maxLength: 100 }), async (given) => {
        const objects = given.map((k) => ({ k }));
        // In JSON there is no negative zero.
        expect(await readProperty("numberOf", objects, "k")).toEqual(given.map((k) => k + 0));
      }),
      { numRuns: 50 },
    );
  });

  it("has none for what is no number", async () => {
    const values = ["5", "nan", "inf", "", true, false, null, [5], { k: 5 }];
    const objects = [...values.map((k) => ({ k })), {}];
    expect(await readProperty("numberOf", objects, "k")).toEqual(objects.map(() => null));
  });
});

describe("truncate() and bucketsBetween()", () => {
  it.each(["minute", "hour", "day", "week", "month"] as const)(
    "cut by %s as the contract does",
    async (interval) => {
      const times = fc.integer({ min: 0, max: Date.UTC(2200) });
      const steps = fc.integer({ min: 0, max: 400 });
      await fc.assert(
        fc.asyncProperty(times, steps, async (ms, count) => {
          const start = floorToBucket(ms, interval);
          const end = addBuckets(start, count, interval);
          const { bind, params } = createBinder(clickHouseDialect);
          const [time, from, to] = [ms, start, end].map((one) =>
            bind(new Date(one).toISOString(), "instant"),
          );
          const text = `select
          ${clickHouseDialect.truncate(interval, `${time}`)} as bucket,
          ${clickHouseDialect.bucketsBetween(interval, `${from}`, `${to}`)} as buckets`;
          const [row] = await clickHouse.read<{ bucket: string; buckets: number }>(
            { text, params },
            NEVER,
          );
          expect(formatInstant(Date.parse(row?.bucket ?? ""))).toBe(formatInstant(start));
          expect(row?.buckets).toBe(count);
        }),
        { numRuns: 40 },
      );
    },
  );
});

describe("parameter()", () => {
  it.each(["2024-03-01T10:00:00.123456Z", "1900-01-01T00:00:00Z", "2299-12-31T23:59:59Z"])(
    "hands %s over as it is",
    async (instant) => {
      const { bind, params } = createBinder(clickHouseDialect);
      const text = `select ${bind(instant, "instant")} as time`;
      const [row] = await clickHouse.read<{ time: string }>({ text, params }, NEVER);
      expect(row?.time.replace(".000000Z", "Z")).toBe(instant);
    },
  );

  it.each(["it's", "\\", "\\N", "a\tb\nc\r", "{p1:String}", "$1", "é\u{1f600}", "\uffee", ""])(
    "hands text %j over as it is",
    async (given) => {
      const { bind, params } = createBinder(clickHouseDialect);
      const text = `select ${bind(given, "text")} as text, ${bind(given, "key")} as again`;
      const rows = await clickHouse.read({ text, params }, NEVER);
      expect(rows).toEqual([{ text: given, again: given }]);
    },
  );

  it("hands 1,000 long texts over", async () => {
    const { bind, params } = createBinder(clickHouseDialect);
    const given = Array.from({ length: 1_000 }, (_, index) => `${index}é`.repeat(300));
    const text = `select arraySum(length, [${given.map((one) => bind(one, "text")).join(", ")}]) as bytes`;
    const bytes = given.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
    expect(await clickHouse.read({ text, params }, NEVER)).toEqual([{ bytes }]);
  });
});
