import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNeonHttp } from "../../../local/neon-http.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startEmbeddedTimescale } from "../../../local/timescale/embedded-timescale.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

const CONNECTION_STRING = "postgres://postgres:postgres@db.localtest.me/postgres";

let tempDir: TempDir;
let database: LoopbackServer;
let server: LoopbackServer;
const sql = neon(CONNECTION_STRING);

beforeAll(async () => {
  tempDir = await makeTempDir("neon-http");
  database = await startEmbeddedTimescale({ dataDir: tempDir.path, port: 0 });
  server = await startNeonHttp({ databaseUrl: database.url, port: 0 });
  neonConfig.fetchEndpoint = () => `${server.url}/sql`;
  await sql`create table items (id int primary key, name text not null)`;
}, 60_000);

afterAll(async () => {
  await server?.close();
  await database?.close();
  await tempDir?.remove();
});

describe("startNeonHttp() with neon()", () => {
  test("runs a template with parameters", async () => {
    expect(await sql`select ${1}::int + ${2}::int as sum, ${"é'\\"} as text`).toEqual([
      { sum: 3, text: "é'\\" },
    ]);
  });

  test("carries every type the stores use", async () => {
    const id = "018f2b6e-7c1a-7000-8000-000000000001";
    const at = new Date("2026-01-02T03:04:05.678Z");
    const rows = await sql.query(
      `select $1::uuid as id, $2::timestamptz as at, $3::bigint as n, $4::text[] as tags, $5::jsonb as props,
        $6::numeric as amount, $7::text as missing, $8::bool as flag, $9::int as count, $10::float8 as ratio`,
      [id, at, "9007199254740993", ["a,b", 'c"d'], { a: [1] }, "1.50", null, true, 3, 0.25],
    );
    expect(rows).toEqual([
      {
        id,
        at,
        n: "9007199254740993",
        tags: ["a,b", 'c"d'],
        props: { a: [1] },
        amount: "1.50",
        missing: null,
        flag: true,
        count: 3,
        ratio: 0.25,
      },
    ]);
  });

  test("gives full results and rows as arrays", async () => {
    const options = { fullResults: true, arrayMode: true } as const;
    const result = await sql.query("select 1 as a, 'x'::text as a", [], options);
    expect(result).toMatchObject({ command: "SELECT", rowCount: 1, rows: [[1, "x"]] });
    expect(result.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
      ["a", 23],
      ["a", 25],
    ]);
  });

  test("commits a transaction, or nothing of it", async () => {
    const insert = (id: number) => sql`insert into items values (${id}, 'item') returning id`;
    expect(await sql.transaction([insert(1), insert(2)])).toEqual([[{ id: 1 }], [{ id: 2 }]]);
    await expect(sql.transaction([insert(3), insert(1)])).rejects.toMatchObject({ code: "23505" });
    expect(await sql`select id from items order by id`).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test("honours read-only, deferrable and the isolation level", async () => {
    const modes = sql`select current_setting('transaction_read_only') as ro,
      current_setting('transaction_isolation') as level, current_setting('transaction_deferrable') as deferrable`;
    expect(
      await sql.transaction([modes], {
        readOnly: true,
        isolationLevel: "Serializable",
        deferrable: true,
      }),
    ).toEqual([[{ ro: "on", level: "serializable", deferrable: "on" }]]);
    expect(await sql.transaction([modes])).toEqual([
      [{ ro: "off", level: "read committed", deferrable: "off" }],
    ]);
    await expect(
      sql.transaction([sql`delete from items`], { readOnly: true }),
    ).rejects.toMatchObject({ code: "25006" });
  });

  test("surfaces errors of the database with their fields", async () => {
    const failure = await sql`insert into items values (9, null)`.catch((error) => error);
    expect(failure).toBeInstanceOf(NeonDbError);
    expect(failure).toMatchObject({
      code: "23502",
      severity: "ERROR",
      table: "items",
      column: "name",
      message: expect.stringContaining('null value in column "name"'),
    });
    await expect(sql`selec`).rejects.toMatchObject({ code: "42601", position: "1" });
    await expect(sql.query("select 1; select 2")).rejects.toMatchObject({ code: "42601" });
  });

  test.each([
    ["password", "postgres://postgres:wrong@host/postgres", "28P01"],
    ["user", "postgres://other:postgres@host/postgres", "28P01"],
    ["database", "postgres://postgres:postgres@host/other", "3D000"],
  ])("refuses a wrong %s", async (_, connectionString, code) => {
    await expect(neon(connectionString)`select 1`).rejects.toMatchObject({ code });
  });

  test.each([
    ["{", "the body is not JSON"],
    ["[]", "a query is"],
    ['{"query":1}', "a query is"],
    ['{"queries":[{"query":"select 1","params":{}}]}', "a query is"],
  ])("refuses the body %s", async (body, message) => {
    const response = await fetch(`${server.url}/sql`, {
      method: "POST",
      body,
      headers: { "neon-connection-string": CONNECTION_STRING },
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      { message: expect.stringContaining(message) },
    ]);
  });

  test("says so when the database cannot be reached", async () => {
    const lonely = await startNeonHttp({
      databaseUrl: "postgres://postgres:postgres@127.0.0.1:1/postgres",
      port: 0,
    });
    const response = await fetch(`${lonely.url}/sql`, {
      method: "POST",
      body: '{"query":"select 1"}',
      headers: { "neon-connection-string": CONNECTION_STRING },
    });
    expect([response.status, await response.json()]).toEqual([
      500,
      { message: expect.stringContaining("Cannot reach the database") },
    ]);
    await lonely.close();
  });
});
