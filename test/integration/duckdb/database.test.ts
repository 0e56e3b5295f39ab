import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DuckDb, type DuckDbOptions, openDuckDb } from "../../../worker/duckdb/database.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

let folder: TempDir;
const opened: DuckDb[] = [];

beforeEach(async () => {
  folder = await makeTempDir("duckdb");
});
afterEach(async () => {
  for (const database of opened.splice(0)) database.close();
  await folder.remove();
});

/** Endless, for all that matters here. */
const LONG = { text: "select count(*) as n from range(1000000000000) as numbers(i)", params: [] };

describe("openDuckDb()", () => {
  it.each([
    ["read a file", "select * from read_csv('FOLDER/other/secret.csv')"],
    ["write a file", "copy (select 1) to 'FOLDER/other/new.csv'"],
    ["attach a database", "attach 'FOLDER/other/new.duckdb'"],
    ["load an extension", "load httpfs"],
    ["install an extension", "install httpfs"],
    ["change a setting", "set memory_limit = '100GB'"],
    ["change the time zone", "set TimeZone = 'Asia/Kathmandu'"],
    ["allow itself more", "set enable_external_access = true"],
  ])("lets no statement %s", async (_, text) => {
    await mkdir(join(folder.path, "other"));
    await writeFile(join(folder.path, "other", "secret.csv"), "a\n1\n");
    const database = await open({ allowedDirectories: [join(folder.path, "it's allowed")] });
    const statement = { text: text.replace("FOLDER", folder.path), params: [] };
    await expect(database.query(statement)).rejects.toThrow(/Permission Error|configuration/);
  });

  it("reads and writes in the folders that are allowed", async () => {
    const allowed = join(folder.path, "it's allowed");
    await mkdir(allowed);
    const database = await open({ allowedDirectories: [allowed] });
    const file = join(allowed, "a.parquet").replaceAll("'", "''");
    await database.query({ text: `copy (select 7 as a) to '${file}'`, params: [] });
    expect(await database.query({ text: `from read_parquet('${file}')`, params: [] })).toEqual([
      { a: 7 },
    ]);
  });

  it("keeps what does not fit in memory in its own folder for temporary files", async () => {
    const database = await open({ memoryLimit: "150MB", threads: 1 });
    const text = `
      select count(*) as n
      from (select i, hash(i) as h from range(8000000) as numbers(i) order by h limit 7999999 offset 1)`;
    expect(await database.query({ text, params: [] })).toEqual([{ n: 7_999_999 }]);
  });

  it("is in UTC, on every connection", async () => {
    const database = await open({ readConnections: 3 });
    const statement = { text: "select current_setting('TimeZone') as zone", params: [] };
    const zones = await Promise.all([1, 2, 3].map(() => database.query(statement)));
    expect(zones.flat()).toEqual([{ zone: "UTC" }, { zone: "UTC" }, { zone: "UTC" }]);
  });
});

describe("query()", () => {
  it("ends a running statement when the signal aborts, and lends its connection again", async () => {
    const database = await open({ readConnections: 1 });
    const abort = new AbortController();
    const running = database.query(LONG, abort.signal);
    const waiting = database.query(LONG, AbortSignal.timeout(20));
    await expect(waiting).rejects.toThrow(/timeout/);
    abort.abort(new Error("nobody waits any more"));
    await expect(running).rejects.toThrow("nobody waits any more");
    expect(await database.query({ text: "select 1 as one", params: [] })).toEqual([{ one: 1 }]);
  });

  it("ends a statement whose signal aborts at whatever moment", async () => {
    const database = await open();
    for (let microtasks = 0; microtasks < 40; microtasks += 1) {
      const abort = new AbortController();
      const running = database.query(LONG, abort.signal).catch((error: unknown) => error);
      for (let turn = 0; turn < microtasks; turn += 1) await Promise.resolve();
      if (microtasks % 2 === 1) await new Promise(setImmediate);
      abort.abort("enough");
      expect(await running).toBe("enough");
    }
  });

  it("answers others while one question takes long", async () => {
    const database = await open({ readConnections: 2 });
    const abort = new AbortController();
    const running = database.query(LONG, abort.signal);
    expect(await database.query({ text: "select 1 as one", params: [] })).toEqual([{ one: 1 }]);
    abort.abort("enough");
    await expect(running).rejects.toBe("enough");
  });
});

describe("stream()", () => {
  it("gives a large result in pieces, and may be left early", async () => {
    const database = await open();
    const statement = { text: "select i, $1 as word from range(100000) as r(i)", params: ["é"] };
    let rows = 0;
    for await (const piece of database.stream<{ i: number; word: string }>(statement)) {
      expect(piece[0]).toEqual({ i: rows, word: "é" });
      expect(piece.length).toBeLessThanOrEqual(2_048);
      rows += piece.length;
    }
    expect(rows).toBe(100_000);
    for await (const piece of database.stream(statement)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
  });

  it("ends when the signal aborts", async () => {
    const database = await open();
    const abort = new AbortController();
    const reading = (async () => {
      const pieces = database.stream(LONG, abort.signal);
      for await (const piece of pieces) expect(piece).toEqual([]);
    })();
    abort.abort("enough");
    await expect(reading).rejects.toBe("enough");
  });
});

async function open(options: Partial<DuckDbOptions> = {}): Promise<DuckDb> {
  const path = join(folder.path, "a.duckdb");
  const database = await openDuckDb({ path, threads: 2, ...options });
  opened.push(database);
  return database;
}
