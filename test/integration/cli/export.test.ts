import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { poll } from "../../support/poll.ts";
import { answerJson, type HttpDouble, startHttpDouble } from "./http-double.ts";
import { type Run, runSluice } from "./run-sluice.ts";

const KEY = "slu_r_demo_k1_00";
const LINES = '{"event_id":"1"}\n{"event_id":"2"}\n';

let cwd: string;
let edge: HttpDouble;
let run: Run | undefined;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
});
afterEach(async () => {
  run?.child.kill("SIGKILL");
  await run?.done;
  run = undefined;
  await edge?.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function startEdge(answer: (response: ServerResponse) => void | Promise<void>) {
  edge = await startHttpDouble(answer);
}

function start(...args: string[]): Run {
  run = runSluice(["export", ...args], { cwd, env: { SLUICE_URL: edge.url, SLUICE_KEY: KEY } });
  run.child.stdin?.end();
  return run;
}

function sluice(...args: string[]) {
  return start(...args).done;
}

describe("sluice export", () => {
  test("writes to standard output, and what it did to standard error", async () => {
    await startEdge((response) => void response.end(LINES));
    const { code, stdout, stderr } = await sluice("--from", "2024-03-01", "--to", "2024-04-01");
    expect(stdout).toBe(LINES);
    expect(stderr).toMatch(/^export: 0\.0 MB, 2 events, \d+\/s in \d+\.\d s\n$/);
    expect(code).toBe(0);
    expect(edge.requests).toEqual([
      {
        method: "GET",
        url: "/v1/export?from=2024-03-01T00%3A00%3A00.000Z&to=2024-04-01T00%3A00%3A00.000Z&format=ndjson",
        authorization: `Bearer ${KEY}`,
        body: "",
      },
    ]);
  });

  test("takes all events without a range, up to those whose clock is ahead", async () => {
    await startEdge((response) => void response.end());
    await sluice("-q");
    const search = new URL(edge.requests[0]?.url ?? "", edge.url).searchParams;
    expect(search.get("from")).toBe("1900-01-01T00:00:00.000Z");
    expect(Date.parse(search.get("to") ?? "")).toBeGreaterThan(Date.now() + 3_600_000);
  });

  test.each([
    ["events.ndjson", "ndjson", LINES, 2],
    ["events.csv", "csv", 'event_id,user_id\r\n1,"a\n""b"\r\n2,c\r\n', 2],
    ["events.parquet", "parquet", "PAR1…PAR1", null],
    ["events.txt", "ndjson", "", 0],
  ])("writes %s as %s", async (file, format, content, events) => {
    await startEdge((response) => void response.end(content));
    const { code, stdout, stderr } = await sluice("-o", file, "--json");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      file,
      format,
      events,
      bytes: Buffer.byteLength(content),
    });
    expect(code).toBe(0);
    expect(readdirSync(cwd)).toEqual([file]);
    expect(readFileSync(join(cwd, file), "utf8")).toBe(content);
    expect(edge.requests[0]?.url).toContain(`format=${format}`);
  });

  test("compresses where the name ends in .gz, and replaces a file of that name", async () => {
    await startEdge((response) => void response.end(LINES));
    writeFileSync(join(cwd, "events.ndjson.gz"), "from before");
    const { stdout, stderr } = await sluice("-o", "events.ndjson.gz");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^events\.ndjson\.gz: 0\.0 MB, 2 events, \d+\/s in \d+\.\d s\n$/);
    expect(gunzipSync(readFileSync(join(cwd, "events.ndjson.gz"))).toString()).toBe(LINES);
    expect(readdirSync(cwd)).toEqual(["events.ndjson.gz"]);
  });

  test("leaves no file, and an old one as it was, when the transfer breaks", async () => {
    await startEdge((response) => {
      response.write(LINES, () => response.destroy());
    });
    writeFileSync(join(cwd, "events.ndjson"), "from before");
    const { code, stdout, stderr } = await sluice("-o", "events.ndjson");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      `sluice: The export from ${edge.url} broke off after 34 bytes: events.ndjson was not written. Run the same command again\n`,
    );
    expect(readdirSync(cwd)).toEqual(["events.ndjson"]);
    expect(readFileSync(join(cwd, "events.ndjson"), "utf8")).toBe("from before");
    expect((await sluice()).stderr).toContain("what was written is not the whole");
  });

  test("takes less than was announced for a broken transfer", async () => {
    await startEdge((response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("PAR1", () => response.socket?.end());
    });
    const { code, stderr } = await sluice("-o", "events.parquet");
    expect(code).toBe(1);
    expect(stderr).toContain("broke off after 4 bytes");
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("stops at %s and leaves no file", async (signal, expected) => {
    await startEdge((response) => void response.write(LINES));
    const running = start("-o", "events.ndjson");
    await poll("the export", async () => readdirSync(cwd).length === 1);
    running.child.kill(signal);
    const { code, stderr } = await running.done;
    expect([code, stderr]).toEqual([expected, "sluice: Stopped: events.ndjson was not written\n"]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each([
    [
      403,
      {
        title: "The key does not permit this",
        detail: "This route needs a read key, this is a write key",
      },
      {},
      "it answered 403, The key does not permit this: This route needs a read key, this is a write key",
    ],
    [
      503,
      { title: "Stored data cannot be read right now" },
      { "retry-after": "2" },
      "it answered 503, Stored data cannot be read right now; try again in 2 s",
    ],
    [
      422,
      {
        title: "The query is not valid",
        errors: [{ pointer: "/to", detail: "to must be later than from" }],
      },
      {},
      "it answered 422, The query is not valid: to must be later than from",
    ],
    [
      307,
      {},
      { location: "https://other.example.com/" },
      "it answered 307, pointing to https://other.example.com/: give that server as --url",
    ],
    [502, "no JSON object", {}, "it answered 502"],
  ])("says why the server refuses with %i", async (status, body, headers, message) => {
    await startEdge((response) => answerJson(response, status, body, headers));
    const { code, stderr } = await sluice("-o", "events.ndjson");
    expect([code, stderr]).toEqual([1, `sluice: Cannot export from ${edge.url}: ${message}\n`]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test("says that nothing listens", async () => {
    await startEdge(() => {});
    await edge.close();
    const { code, stderr } = await sluice();
    expect([code, stderr]).toEqual([
      1,
      `sluice: Cannot export from ${edge.url}: nothing listens there (ECONNREFUSED)\n`,
    ]);
  });

  test.each([
    [["-o", "no/events.ndjson"], "Cannot write no/events.ndjson: there is no directory no"],
    [["-o", "folder"], "Cannot write folder: it is a directory; name a file in it"],
    [["-o", "a.parquet.gz"], "Parquet is compressed already: leave .gz out of the file's name"],
    [
      ["-o", "a.csv", "--format", "ndjson"],
      "a.csv would hold ndjson: name it .ndjson, or leave --format out",
    ],
    [["--json"], "--json and the events would both go to standard output: name a file with -o"],
    [["--from", "2024-03-02", "--to", "2024-03-01"], "--to must be later than --from"],
    [["--from", "yesterday"], '"yesterday" is neither a time ago such as 90s'],
    [["--format", "xml"], "Allowed choices are ndjson, csv, parquet"],
  ])("refuses %j", async (args, message) => {
    await startEdge(() => {});
    mkdirSync(join(cwd, "folder"));
    const { code, stderr } = await sluice(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(edge.requests).toEqual([]);
  });

  test("says which key is missing", async () => {
    await startEdge(() => {});
    const { done } = runSluice(["export", "--url", "https://events.example.com"], { cwd });
    expect(await done).toMatchObject({
      code: 2,
      stderr:
        "sluice: No key given for https://events.example.com: pass --key or set SLUICE_KEY to a read key\n",
    });
  });
});
