import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSource } from "../../../cli/import/source.ts";
import { type EdgeDouble, startEdgeDouble } from "./edge-double.ts";
import { runSluice } from "./run-sluice.ts";

let cwd: string;
let edge: EdgeDouble;

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  edge = await startEdgeDouble();
});
afterEach(async () => {
  await edge.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function writeParquet(query: string, name = "events.parquet"): Promise<string> {
  const path = join(cwd, name);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(`copy (${query}) to '${path.replaceAll("'", "''")}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

async function readEvents(path: string): Promise<unknown[]> {
  const source = await openSource(path, undefined, new AbortController().signal);
  const chunks: Buffer[] = [];
  for await (const chunk of source.chunks()) chunks.push(chunk);
  expect(source.bytesRead()).toBe(source.totalBytes);
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

function sluice(...args: string[]) {
  const { child, done } = runSluice(["import", ...args], {
    cwd,
    env: { SLUICE_URL: edge.url, SLUICE_KEY: "slu_w_demo_k1_00" },
  });
  return { child, done };
}

describe("sluice import of Parquet", () => {
  test("imports each row once, in the file's order", async () => {
    await writeParquet(`
      select
        (lpad(range::varchar, 8, '0') || '-0000-4000-8000-000000000000')::uuid as event_id, 'signup' as event_type, 'u' || range as user_id,
        timestamp '2024-03-01' + to_microseconds(range) as occurred_at, '{"n":' || range || '}' as properties
      from range(5000)`);
    const { done } = sluice("events.parquet");
    const { code, stdout, stderr } = await done;
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^events\.parquet: 5000 read, 5000 accepted, 0 duplicate, 0 rejected in/,
    );
    expect(code).toBe(0);
    const ids = [...edge.accepted.keys()];
    expect(ids).toHaveLength(5_000);
    expect(ids).toContain("00004999-0000-4000-8000-000000000000");
    expect(readdirSync(cwd)).toEqual(["events.parquet"]);
  });

  test("takes other types of the same meaning, and nothing away from a text", async () => {
    const path = await writeParquet(
      `
      select
        'a' as event_type, chr(65279) || '"' || chr(10) || '😀' as user_id, null::varchar as event_id,
        timestamptz '2024-03-01 01:00:00.5+01' as occurred_at, {a: 1, b: ['x']} as properties, 'shop' as project_id, now() as received_at
      union all
      select 'b', 'u', '00000000-0000-4000-8000-000000000000', timestamptz '2024-03-01 00:00:00.000001Z', null, null, null`,
      "it's.parquet",
    );
    expect(await readEvents(path)).toEqual([
      {
        event_type: "a",
        user_id: '\uFEFF"\n😀',
        occurred_at: "2024-03-01T00:00:00.500000Z",
        properties: { a: 1, b: ["x"] },
      },
      {
        event_type: "b",
        user_id: "u",
        event_id: "00000000-0000-4000-8000-000000000000",
        occurred_at: "2024-03-01T00:00:00.000001Z",
      },
    ]);
  });

  test("passes properties and times in text on as they stand", async () => {
    const path = await writeParquet(`
      select 'a' as event_type, 'u' as user_id, '2024-03-01T00:00:00+02:00' as occurred_at,
        '{"n":' || chr(10) || '1.50,' || chr(13) || '"t":"\\n"}' as properties`);
    expect(await readEvents(path)).toEqual([
      {
        event_type: "a",
        user_id: "u",
        occurred_at: "2024-03-01T00:00:00+02:00",
        properties: { n: 1.5, t: "\n" },
      },
    ]);
  });

  test("an empty file is said to be so", async () => {
    await writeParquet("select 'a' as event_type, 'u' as user_id where false");
    const { code, stderr } = await sluice("events.parquet").done;
    expect([code, stderr]).toEqual([0, "events.parquet is empty\n"]);
  });

  test.each([
    [
      "select 'a' as event_type, 'u' as user_id, 1 as country",
      2,
      'Cannot import events.parquet: column "country" is none of an event, event_id, occurred_at, event_type, user_id, properties. Put it into properties, for example with DuckDB',
    ],
    ["select 'a' as event_type", 2, "Cannot import events.parquet: no column is named user_id"],
    [
      "select 'a' as event_type, 'u' as user_id, 5 as occurred_at",
      2,
      "Cannot import events.parquet: occurred_at is INTEGER, not TIMESTAMP or VARCHAR",
    ],
  ])("refuses %s", async (query, status, message) => {
    await writeParquet(query);
    const { code, stderr } = await sluice("events.parquet").done;
    expect([code, stderr]).toEqual([status, `sluice: ${message}\n`]);
    expect(edge.requests).toEqual([]);
  });

  test("says that a file is damaged, and that standard input cannot be Parquet", async () => {
    writeFileSync(join(cwd, "events.parquet"), "PAR1 and no more than that");
    const damaged = await sluice("events.parquet").done;
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(/^sluice: Cannot read events\.parquet: .*[Pp]arquet.*\n$/);
    const { child, done } = sluice("-");
    child.stdin?.end("PAR1 …");
    expect(await done).toMatchObject({
      code: 2,
      stderr: "sluice: Cannot import Parquet from standard input: give it as a file\n",
    });
  });
});
