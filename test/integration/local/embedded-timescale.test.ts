import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startEmbeddedTimescale } from "../../../local/timescale/embedded-timescale.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

const STARTED_WITHIN_MS = 60_000;

let tempDir: TempDir;

beforeAll(async () => {
  tempDir = await makeTempDir("embedded-timescale");
});

afterAll(async () => {
  await tempDir.remove();
});

describe("startEmbeddedTimescale()", () => {
  let database: LoopbackServer;
  let sql: postgres.Sql;

  beforeAll(async () => {
    database = await startEmbeddedTimescale({
      dataDir: join(tempDir.path, "shared"),
      port: 0,
      ownerIdleTimeoutMs: 200,
    });
    sql = postgres(database.url, { max: 3, onnotice: () => undefined });
  }, STARTED_WITHIN_MS);

  afterAll(async () => {
    await sql?.end();
    await database?.close();
  });

  test("serves PostgreSQL 17 with the Community edition of TimescaleDB", async () => {
    const [row] = await sql`
      select current_setting('server_version_num')::int / 10000 as version, current_database() as database,
        current_setting('timescaledb.license') as license,
        (select extversion from pg_extension where extname = 'timescaledb') as extension`;
    expect(row).toMatchObject({ version: 17, database: "postgres", license: "timescale" });
    expect(row?.extension).toMatch(/^2\.23/);
    const settings = await sql`select name, setting from pg_settings
      where name in ('search_path', 'enable_seqscan', 'log_min_messages') order by name`;
    expect(settings.map(({ setting }) => setting)).toEqual(["on", "warning", '"$user", public']);
  });

  test("answers messages of every length, also one that ends where the backend's receive buffer does", async () => {
    for (let length = 8_000; length < 8_400; length += 1) {
      const [row] = await sql`select length(${"x".repeat(length)}::text) as length`;
      expect(row).toEqual({ length });
    }
  });

  test("carries every type the stores use, through postgres and pg alike", async () => {
    const types = `select $1::uuid as id, $2::timestamptz as at, $3::bigint as n, $4::text[] as tags, $5::jsonb as props,
      $6::numeric as amount, $7::text as missing, $8::bool as flag`;
    const id = "018f2b6e-7c1a-7000-8000-000000000001";
    const at = new Date("2026-01-02T03:04:05.678Z");
    const expected = { id, at, tags: ["a,b", 'c"d', "é"], props: { a: [1] }, missing: null };

    const [viaPostgres] = await sql.unsafe(types, [
      id,
      at,
      "9007199254740993",
      ["a,b", 'c"d', "é"],
      { a: [1] },
      "1.50",
      null,
      true,
    ]);
    expect(viaPostgres).toMatchObject({ ...expected, n: "9007199254740993", amount: "1.50" });

    const client = await connectPg(database.url);
    const { rows } = await client.query({
      name: "types",
      text: types,
      values: [id, at, "9007199254740993", ["a,b", 'c"d', "é"], { a: [1] }, "1.50", null, true],
    });
    expect(rows[0]).toMatchObject({
      ...expected,
      n: "9007199254740993",
      amount: "1.50",
      flag: true,
    });
    await client.end();
  });

  test("keeps prepared statements of equal names apart", async () => {
    const [one, two] = await Promise.all([connectPg(database.url), connectPg(database.url)]);
    const [a, b] = await Promise.all([
      one.query({ name: "q", text: "select 'one' as who, $1::int as n", values: [1] }),
      two.query({ name: "q", text: "select 'two' as who" }),
    ]);
    expect([a.rows[0], b.rows[0]]).toEqual([{ who: "one", n: 1 }, { who: "two" }]);
    const again = await one.query({
      name: "q",
      text: "select 'one' as who, $1::int as n",
      values: [2],
    });
    expect(again.rows[0]).toEqual({ who: "one", n: 2 });
    await Promise.all([one.end(), two.end()]);
    await poll("no statement left", async () => {
      const [row] =
        await sql`select count(*)::int as n from pg_prepared_statements where statement like 'select ''%'`;
      return row?.n === 0;
    });
  });

  test("serialises transactions of several connections", async () => {
    await sql`create table counters (name text primary key, n int)`;
    await sql`insert into counters values ('a', 0)`;
    await Promise.all(
      Array.from({ length: 30 }, () =>
        sql.begin(async (tx) => {
          const [row] = await tx`select n from counters where name = 'a' for update`;
          await tx`update counters set n = ${row?.n + 1} where name = 'a'`;
        }),
      ),
    );
    expect(await sql`select n from counters`).toEqual([{ n: 30 }]);
  });

  test("reports an error and goes on, inside and outside a transaction", async () => {
    await expect(sql`select 1 / ${0}::int`).rejects.toMatchObject({ code: "22012" });
    await expect(sql`selec`).rejects.toMatchObject({ code: "42601" });
    await expect(sql.begin((tx) => tx`select missing from counters`)).rejects.toMatchObject({
      code: "42703",
    });
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  });

  test("rolls back and lets others in when a client vanishes inside a transaction", async () => {
    const client = await connectPg(database.url);
    client.on("error", () => undefined);
    await client.query("begin");
    await client.query("insert into counters values ('vanished', 1)");
    // The socket itself, as when the machine of the client is gone: no Terminate message is sent.
    (
      client as unknown as { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy();
    expect(await sql`select * from counters where name = 'vanished'`).toEqual([]);
  });

  test("disconnects a client whose silent transaction keeps others waiting", async () => {
    const client = await connectPg(database.url);
    const failure = once(client, "error");
    // The lost connection is a second one.
    client.on("error", () => undefined);
    await client.query("begin");
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    expect((await failure)[0]).toMatchObject({ code: "25P03" });
  });

  test("keeps settings and roles apart", async () => {
    await sql`create role reader login`;
    await sql`grant select on counters to reader`;
    const reader = postgres(database.url.replace("postgres:postgres@", "reader:x@"), {
      max: 1,
      connection: { default_transaction_read_only: true },
    });
    const tokyo = await connectPg(database.url);
    await tokyo.query("set timezone = 'Asia/Tokyo'");

    expect(
      await reader`select current_user, current_setting('default_transaction_read_only') as ro`,
    ).toEqual([{ current_user: "reader", ro: "on" }]);
    await expect(reader`insert into counters values ('b', 0)`).rejects.toMatchObject({
      code: "25006",
    });
    const [own] = await sql`select current_user, current_setting('timezone') as zone`;
    expect(own).toEqual({ current_user: "postgres", zone: "GMT" });
    const { rows } = await tokyo.query("select current_setting('timezone') as zone");
    expect(rows).toEqual([{ zone: "Asia/Tokyo" }]);
    await Promise.all([reader.end(), tokyo.end()]);
  });

  test("refuses COPY FROM STDIN clearly and survives it", async () => {
    const client = await connectPg(database.url);
    await expect(client.query("copy counters from stdin")).rejects.toMatchObject({ code: "0A000" });
    await client.query("begin");
    await expect(
      client.query({
        text: "copy counters (name) from stdin",
        queryMode: "extended",
      } as pg.QueryConfig),
    ).rejects.toMatchObject({ code: "0A000" });
    await expect(client.query("select 1")).rejects.toMatchObject({ code: "25P02" });
    await client.query("rollback");
    await client.end();
    expect(await sql`copy (select 1) to stdout`.simple()).toBeDefined();
  });

  test("ends a client that breaks the protocol, and only that one", async () => {
    const socket = connect(database.port, "127.0.0.1");
    const parameters = Buffer.from("user\0postgres\0\0");
    const startup = Buffer.alloc(8);
    startup.writeInt32BE(8 + parameters.length, 0);
    startup.writeInt32BE(196608, 4);
    socket.write(Buffer.concat([startup, parameters, Buffer.from("y\0\0\0\u0004")]));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString("latin1")).toContain("08P01");
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  });

  test("inserts 5,000 rows with unnest in one statement, sent in small pieces", async () => {
    await sql`create table wide (id int primary key, text text)`;
    const ids = Array.from({ length: 5_000 }, (_, index) => index);
    const texts = ids.map((id) => `${id} ${"é".repeat(150)}`);
    await sql`insert into wide select * from unnest(${ids}::int[], ${texts}::text[])`;
    const [row] = await sql`select count(*)::int as n, min(text) as first from wide`;
    expect(row).toEqual({ n: 5_000, first: texts[0] });
    const all = await sql`select id, text from wide order by id`;
    expect(all.map(({ text }) => text)).toEqual(texts);
  });

  test("refreshes continuous aggregates, reads their tail in real time, compresses chunks", async () => {
    await sql`create table readings (project text, at timestamptz not null, n int, primary key (project, at))`;
    await sql`select create_hypertable('readings', by_range('at', interval '7 days'))`;
    await sql`insert into readings select 'demo', t, 1
      from generate_series('2026-01-01'::timestamptz, '2026-01-31 23:00', '1 hour') t`;
    await sql`create materialized view hourly with (timescaledb.continuous, timescaledb.materialized_only = false) as
      select project, time_bucket('1 day', at) as bucket, sum(n) as n from readings group by 1, 2 with no data`.simple();
    await sql`call refresh_continuous_aggregate('hourly', '2026-01-01', '2026-01-15')`.simple();
    const total = sql`select count(*)::int as buckets, sum(n)::int as n from hourly`;
    expect(await total).toEqual([{ buckets: 31, n: 744 }]);
    await sql`insert into readings values ('demo', '2026-02-01', 5)`;
    expect((await sql`select n::int from hourly where bucket = '2026-02-01'`)[0]).toEqual({ n: 5 });

    await sql`alter table readings set (timescaledb.compress, timescaledb.compress_segmentby = 'project')`;
    await sql`select compress_chunk(c) from show_chunks('readings', older_than => '2026-01-15'::timestamptz) c`;
    const [chunks] = await sql`select count(*) filter (where is_compressed)::int as n
      from timescaledb_information.chunks where hypertable_name = 'readings'`;
    expect(chunks?.n).toBeGreaterThan(0);
    expect((await sql`select sum(n)::int as n from readings`)[0]).toEqual({ n: 749 });
  });

  test("refuses a data directory that a living process serves", async () => {
    await expect(
      startEmbeddedTimescale({ dataDir: join(tempDir.path, "shared"), port: 0 }),
    ).rejects.toThrow(/Cannot open data directory .*: process \d+ uses it/);
  });
});

describe("node local/timescale/embedded-timescale.ts", () => {
  let running: Child | undefined;

  afterAll(() => {
    running?.process.kill("SIGKILL");
  });

  test(
    "keeps committed rows through SIGKILL, SIGTERM and a crash",
    async () => {
      const dataDir = join(tempDir.path, "killed");
      running = await startChild(dataDir);
      const first = postgres(running.url, { max: 1, onnotice: () => undefined });
      await first`create table events (at timestamptz not null, n int, payload text)`;
      await first`select create_hypertable('events', by_range('at', interval '1 hour'))`;
      let acknowledged = 0;
      let isKilled = false;
      const inserting = (async () => {
        for (;;) {
          await first`insert into events select '2026-01-01'::timestamptz + ${acknowledged} * interval '1 minute', n, repeat('x', 200)
            from generate_series(1, 100) n`;
          acknowledged += 1;
        }
      })().catch((error) => {
        if (!isKilled) throw error;
      });
      await poll("200 inserts", () => acknowledged >= 200);
      isKilled = true;
      running.process.kill("SIGKILL");
      await Promise.all([once(running.process, "exit"), inserting]);
      await first.end({ timeout: 0 });

      running = await startChild(dataDir);
      const second = postgres(running.url, { max: 1 });
      const [row] = await second`select count(*)::int as n from events`;
      // The statement under way may or may not have been committed, but only as a whole.
      expect([acknowledged * 100, (acknowledged + 1) * 100]).toContain(row?.n);
      await second`insert into events values (now(), 1, '')`;
      const open = second.reserve();
      running.process.kill("SIGTERM");
      expect(await once(running.process, "exit")).toEqual([0, null]);
      (await open.catch(() => undefined))?.release();
      await second.end({ timeout: 0 });
      expect(await readdir(dataDir)).not.toContain("lock");

      running = await startChild(dataDir);
      const third = postgres(running.url, { max: 1 });
      expect(await third`select count(*)::int as n from events`).toEqual([{ n: row?.n + 1 }]);
      // Deep nesting overflows the stack of the WebAssembly program.
      const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
      const crashed = once(running.process, "exit");
      await expect(third`select ${deep}::text::jsonb`).rejects.toThrow();
      expect(await crashed).toEqual([1, null]);
      await third.end({ timeout: 0 });

      running = await startChild(dataDir);
      const fourth = postgres(running.url, { max: 1 });
      expect(await fourth`select count(*)::int as n from events`).toEqual([{ n: row?.n + 1 }]);
      await fourth.end();
      running.process.kill("SIGTERM");
      expect(await once(running.process, "exit")).toEqual([0, null]);
      running = undefined;
    },
    2 * STARTED_WITHIN_MS,
  );
});

interface Child {
  process: ChildProcess;
  url: string;
}

async function startChild(dataDir: string): Promise<Child> {
  const child = spawn(
    process.execPath,
    ["local/timescale/embedded-timescale.ts", "--data-dir", dataDir, "--port", "0"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [chunk] = await once(child.stdout, "data");
  const line = JSON.parse(String(chunk));
  if (typeof line.url !== "string") throw new Error(`Cannot start: ${chunk}`);
  return { process: child, url: line.url };
}

async function connectPg(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}
