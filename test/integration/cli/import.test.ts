import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type EdgeDouble, type Fault, startEdgeDouble } from "./edge-double.ts";
import { type Run, runSluice } from "./run-sluice.ts";

let cwd: string;
let edge: EdgeDouble;
let runs: Run[];

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  runs = [];
});

afterEach(async () => {
  for (const { child, done } of runs) {
    child.kill("SIGKILL");
    await done;
  }
  await edge?.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function startEdge(fault?: (request: number) => Fault | undefined): Promise<void> {
  edge = await startEdgeDouble(fault);
}

function start(...args: string[]): Run {
  const run = runSluice(["import", ...args], {
    cwd,
    env: { SLUICE_URL: edge.url, SLUICE_KEY: "slu_w_demo_k1_00" },
  });
  runs.push(run);
  return run;
}

function sluice(...args: string[]) {
  const run = start(...args);
  run.child.stdin?.end();
  return run.done;
}

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function eventLine(number: number, extra: object = {}): string {
  const event = {
    event_id: idOf(number),
    occurred_at: "2024-05-01T12:00:00Z",
    event_type: "signup",
    user_id: "u1",
  };
  return JSON.stringify({ ...event, ...extra });
}

function eventLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => eventLine(index + 1));
}

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(cwd, name), content);
  return name;
}

function readRejects(name: string) {
  return readFileSync(join(cwd, name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function progressFiles(): string[] {
  return readdirSync(cwd).filter((name) => name.startsWith(".sluice-import-"));
}

function expectEachAcceptedOnce(count: number): void {
  expect(edge.accepted.size).toBe(count);
  expect([...edge.accepted.values()].every((times) => times === 1)).toBe(true);
}

describe("sluice import", () => {
  test("imports NDJSON and says so", async () => {
    await startEdge();
    write("events.ndjson", `${eventLines(2500).join("\n")}\n`);
    const { code, stdout, stderr } = await sluice("events.ndjson");
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^events\.ndjson: 2500 read, 2500 accepted, 0 duplicate, 0 rejected in \d+\.\d s \(\d+ events\/s\)\n$/,
    );
    expect(code).toBe(0);
    expectEachAcceptedOnce(2500);
    expect(edge.requests.map(({ lines }) => lines).sort((a, b) => b - a)).toEqual([
      1000, 1000, 500,
    ]);
    expect(edge.requests[0]?.headers).toMatchObject({
      authorization: "Bearer slu_w_demo_k1_00",
      "content-type": "application/x-ndjson",
    });
    expect(readdirSync(cwd)).toEqual(["events.ndjson"]);
  });

  test("reads gzip by its content, several members, and standard input", async () => {
    await startEdge();
    const lines = eventLines(300);
    const members = [
      gzipSync(`${lines.slice(0, 150).join("\n")}\n`),
      gzipSync(lines.slice(150).join("\n")),
    ];
    write("misnamed.ndjson", Buffer.concat(members));
    const run = start("misnamed.ndjson", "-", "--json", "--compress", "always");
    run.child.stdin?.end(gzipSync(eventLine(301)));
    const { code, stdout } = await run.done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      files: [
        { file: "misnamed.ndjson", read: 300, accepted: 300, complete: true },
        { file: "stdin", read: 1, accepted: 1, complete: true },
      ],
      total: { read: 301, accepted: 301, duplicate: 0, rejected: 0 },
    });
    expect(edge.requests[0]?.headers["content-encoding"]).toBe("gzip");
    expectEachAcceptedOnce(301);
  });

  test("reads blank lines, CRLF, a byte order mark and a last line without newline", async () => {
    await startEdge();
    write(
      "events.ndjson",
      `\uFEFF${eventLine(1)}\r\n\r\n \u00a0\n${eventLine(2)}\r\n\n{"event_id":"x"}`,
    );
    const { code, stdout } = await sluice("events.ndjson");
    expect(stdout).toContain("3 read, 2 accepted, 0 duplicate, 1 rejected");
    expect(code).toBe(1);
    expect(readRejects("events.ndjson.rejects.ndjson")).toEqual([
      {
        line: 6,
        code: "missing_field",
        pointer: "/event_type",
        detail: "wrong",
        event: { event_id: "x" },
      },
    ]);
  });

  test("writes what is rejected, by the server or before, in the file's order", async () => {
    await startEdge((request) => (request === 1 ? { delayMs: 300 } : undefined));
    const lines = eventLines(40);
    lines[3] = "not JSON";
    lines[12] = eventLine(13, { event_type: undefined, properties: { n: 1 } }).replace(
      "1}",
      "12345678901234567890}",
    );
    lines[25] = eventLine(26, { properties: { text: "x".repeat(40_000) } });
    lines[31] = "x".repeat(1_100_000);
    write("events.ndjson", lines.join("\n"));
    const { code, stdout, stderr } = await sluice(
      "events.ndjson",
      "--batch-size",
      "10",
      "--rejects",
      "out.txt",
    );
    expect(stdout).toContain("40 read, 36 accepted, 0 duplicate, 4 rejected");
    expect(stderr).toContain("4 rejected events with their reasons are in out.txt");
    expect(code).toBe(1);
    const rejects = readRejects("out.txt");
    expect(rejects.map(({ line, code }) => [line, code])).toEqual([
      [4, "invalid_json"],
      [13, "missing_field"],
      [26, "event_too_large"],
      [32, "event_too_large"],
    ]);
    expect(rejects[0].raw).toBe("not JSON");
    expect(readFileSync(join(cwd, "out.txt"), "utf8")).toContain('{"n":12345678901234567890}');
    expect(rejects[3].raw).toHaveLength(1024);
  });

  test("keeps a batch whose events are all rejected apart from the others", async () => {
    await startEdge();
    write("events.ndjson", ["{}", "{}", ...eventLines(3)].join("\n"));
    const { code, stdout } = await sluice("events.ndjson", "--batch-size", "2");
    expect(stdout).toContain("5 read, 3 accepted, 0 duplicate, 2 rejected");
    expect(code).toBe(1);
  });

  test("imports CSV by a mapping and rejects rows that do not fit", async () => {
    await startEdge();
    const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
    write(
      "signups.csv",
      "\uFEFFid,ts,name,user,country,amount\r\n" +
        `${id(1)},2024-05-01T12:00:00Z,signup,u1,"D ""E"",\nx",007\r\n` +
        `${id(2)},2024-05-01T12:00:00Z,signup,u1,DE\r\n` +
        `${id(3)},2024-05-01T12:00:00Z,,u1,DE,3\r\n`,
    );
    const map = "event_id=id,occurred_at=ts,event_type=name,user_id=user";
    const { code, stdout } = await sluice("signups.csv", "--map", map);
    expect(stdout).toContain("3 read, 1 accepted, 0 duplicate, 2 rejected");
    expect(code).toBe(1);
    expect(readRejects("signups.csv.rejects.ndjson")).toMatchObject([
      {
        line: 4,
        code: "invalid_event",
        detail: "The row has 5 columns, the header 6",
        raw: `${id(2)},2024-05-01T12:00:00Z,signup,u1,DE`,
      },
      {
        line: 5,
        code: "missing_field",
        event: { event_id: id(3), user_id: "u1", properties: { country: "DE", amount: "3" } },
      },
    ]);
  });

  test("accepts each event once under 429, 503, cut connections and lost answers", async () => {
    const faults: (Fault | undefined)[] = [
      { status: 429, headers: { "retry-after": "1" } },
      "cut",
      undefined,
      "lose",
      { status: 503, headers: { "retry-after": new Date(Date.now()).toUTCString() } },
      { status: 500 },
      "lose",
      { delayMs: 1500 },
    ];
    await startEdge((request) => faults[request - 1]);
    const withoutId = eventLines(400).map((line, index) =>
      index % 2 === 0 ? line : line.replace(/"event_id":"[^"]+",/, ""),
    );
    write("events.ndjson", withoutId.join("\n"));
    const { code, stdout, stderr } = await sluice(
      "events.ndjson",
      "--batch-size",
      "50",
      "--timeout-seconds",
      "1",
    );
    expect(stderr).toContain("answered 429");
    expect(stderr).toContain("the connection was cut");
    expect(stdout).toContain("400 read");
    expect(stdout).toContain("0 rejected");
    expect(code).toBe(0);
    expectEachAcceptedOnce(400);
  });

  test("gives up when nothing moves, and continues later", async () => {
    let isDown = true;
    await startEdge((request) =>
      isDown && request > 3
        ? { status: 503, body: { title: "Down", detail: "for now" } }
        : undefined,
    );
    write("events.ndjson", eventLines(100).join("\n"));
    const args = [
      "events.ndjson",
      "--batch-size",
      "10",
      "--concurrency",
      "1",
      "--max-retry-seconds",
      "1",
    ];
    const first = await sluice(...args);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("Down: for now; gave up: no progress for 1 s");
    expect(first.stderr).toContain(
      "Imported up to line 30: run the same command again to continue there",
    );
    isDown = false;
    const second = await sluice(...args);
    expect(second.stderr).toContain("events.ndjson: continuing after line 30");
    expect(second.stdout).toContain(
      "100 read, 30 of them in an earlier run, 100 accepted, 0 duplicate, 0 rejected",
    );
    expect(second.code).toBe(0);
    expectEachAcceptedOnce(100);
    expect(progressFiles()).toEqual([]);
  });

  test("continues after kill -9 with rejects neither lost nor doubled", async () => {
    let isSlow = true;
    await startEdge((request) => (isSlow && request > 6 ? { delayMs: 60_000 } : undefined));
    const lines = eventLines(200).map((line, index) => (index % 10 === 4 ? "{}" : line));
    write("events.ndjson.gz", gzipSync(lines.join("\n")));
    const args = ["events.ndjson.gz", "--batch-size", "10", "--concurrency", "2"];
    const first = start(...args);
    await vi.waitFor(() => expect(edge.requests.length).toBe(8), { timeout: 10_000 });
    await vi.waitFor(() => expect(progressFiles()).toHaveLength(1), { timeout: 10_000 });
    first.child.kill("SIGKILL");
    await first.done;
    // What a crash between writing rejects and noting progress leaves behind.
    writeFileSync(join(cwd, "events.ndjson.gz.rejects.ndjson"), '{"line":', { flag: "a" });
    isSlow = false;
    const second = await sluice(...args);
    expect(second.stderr).toContain("continuing after line");
    expect(second.stdout).toContain("200 read");
    expect(second.stdout).toContain("20 rejected");
    expect(second.code).toBe(1);
    expectEachAcceptedOnce(180);
    const rejected = readRejects("events.ndjson.gz.rejects.ndjson").map(({ line }) => line);
    expect(rejected).toEqual(Array.from({ length: 20 }, (_, index) => index * 10 + 5));
    expect(progressFiles()).toEqual([]);
  });

  test("stops on Ctrl-C after the requests in flight, with exit status 130", async () => {
    await startEdge((request) => (request > 2 ? { delayMs: 700 } : undefined));
    write("events.ndjson", eventLines(500).join("\n"));
    const args = ["events.ndjson", "--batch-size", "10", "--concurrency", "2"];
    const first = start(...args);
    await vi.waitFor(() => expect(edge.requests.length).toBe(4), { timeout: 10_000 });
    first.child.kill("SIGINT");
    // The launcher passes on what the terminal has sent to both.
    first.child.kill("SIGINT");
    const stopped = await first.done;
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain("run the same command again to continue");
    expect(edge.accepted.size).toBe(40);
    expect(edge.requests).toHaveLength(4);
    await edge.close();
    const accepted = edge.accepted;
    await startEdge();
    // The other port is another server: the progress belongs to the first.
    const other = await sluice(...args);
    expect(other.stdout).toContain("500 read, 500 accepted");
    expect(accepted.size).toBe(40);
    expect(progressFiles()).toHaveLength(1);
  });

  test("a second Ctrl-C ends it at once, but not the same one passed on by the launcher", async () => {
    await startEdge(() => ({ delayMs: 60_000 }));
    write("events.ndjson", eventLines(5).join("\n"));
    const run = start("events.ndjson");
    await vi.waitFor(() => expect(edge.requests.length).toBe(1), { timeout: 10_000 });
    run.child.kill("SIGINT");
    await vi.waitFor(() => expect(run.output.stderr).toContain("once more"), { timeout: 10_000 });
    await vi.waitFor(
      () => {
        run.child.kill("SIGINT");
        expect(run.child.exitCode).toBe(130);
      },
      { timeout: 8_000, interval: 100 },
    );
    expect((await run.done).stderr).not.toContain("run the same command again");
  });

  test("stops on Ctrl-C while it waits for standard input, without sending half a batch", async () => {
    await startEdge();
    const args = ["-", "--batch-size", "100"];
    const run = start(...args);
    const lines = eventLines(650);
    run.child.stdin?.write(lines.join("\n"));
    await vi.waitFor(() => expect(edge.accepted.size).toBe(600), { timeout: 10_000 });
    run.child.kill("SIGINT");
    expect((await run.done).code).toBe(130);
    expect(edge.accepted.size).toBe(600);
    const again = start(...args);
    again.child.stdin?.end(lines.join("\n"));
    expect((await again.done).stdout).toContain(
      "650 read, 600 of them in an earlier run, 650 accepted, 0 dup",
    );
  });

  test("stops at a refusal with the server's title and detail", async () => {
    const body = { title: "A valid key is required", detail: "The key is not valid" };
    await startEdge(() => ({ status: 401, body }));
    write("events.ndjson", eventLines(5000).join("\n"));
    const { code, stdout, stderr } = await sluice("events.ndjson", "--batch-size", "10");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /it answered 401, A valid key is required: The key is not valid\nNothing is noted/,
    );
    expect(edge.requests.length).toBeLessThanOrEqual(4);
  });

  test("stops at an answer that does not account for every event", async () => {
    await startEdge(() => ({
      status: 202,
      body: { accepted: 1, duplicate: 0, rejected: 0, results: [] },
    }));
    write("events.ndjson", eventLines(5).join("\n"));
    const { code, stderr } = await sluice("events.ndjson");
    expect(code).toBe(1);
    expect(stderr).toContain("it answered 202 without the result of every event");
  });

  test("continues a truncated gzip file when it has been completed", async () => {
    await startEdge();
    // Random ids do not compress, so that the truncated file is longer than the start by which it is known again.
    const lines = Array.from(
      { length: 60_000 },
      () => `{"event_id":"${crypto.randomUUID()}","event_type":"e"}`,
    );
    const whole = gzipSync(lines.join("\n"));
    write("events.ndjson.gz", whole);
    truncateSync(join(cwd, "events.ndjson.gz"), 1_100_000);
    expect(whole.length).toBeGreaterThan(1_100_000);
    const first = await sluice("events.ndjson.gz");
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(
      /the gzip data ends too early; the file is truncated\nImported up to line \d+000:/,
    );
    write("events.ndjson.gz", whole);
    const second = await sluice("events.ndjson.gz");
    expect(second.code).toBe(0);
    expect(second.stdout).toContain("60000 accepted, 0 duplicate");
    expect(edge.requests).toHaveLength(60);
    expectEachAcceptedOnce(60_000);
  });

  test("refuses to continue an input that has changed, or with other options", async () => {
    await startEdge((request) => (request === 3 ? { status: 403, body: {} } : undefined));
    const lines = eventLines(50);
    const args = ["-", "--batch-size", "10", "--concurrency", "1"];
    const feed = (content: string[], ...extra: string[]) => {
      const run = start(...args, ...extra);
      run.child.stdin?.end(content.join("\n"));
      return run.done;
    };
    const padding = Array.from({ length: 400 }, () => " ".repeat(400));
    expect((await feed([...padding, ...lines])).code).toBe(1);
    const changed = await feed([...padding, eventLine(99), ...lines]);
    expect(changed.stderr).toContain(
      "it is not what it was when the import began. Start over with --restart",
    );
    expect(changed.code).toBe(2);
    const other = await feed([...padding, ...lines], "--batch-size", "5");
    expect(other.stderr).toContain("it was begun with --batch-size 10, not 5");
    expect(other.code).toBe(2);
    const restarted = await feed([...padding, eventLine(99), ...lines], "--restart");
    expect(restarted.stdout).toContain("51 read, 31 accepted, 20 duplicate");
    expect(restarted.code).toBe(0);
  });

  test("does not import a finished file again when a later one fails", async () => {
    let isBroken = true;
    await startEdge((request) =>
      isBroken && request > 1 ? { status: 404, body: { title: "Gone" } } : undefined,
    );
    write("a.ndjson", eventLine(1));
    write("b.ndjson", eventLine(2));
    expect((await sluice("a.ndjson", "b.ndjson")).code).toBe(1);
    isBroken = false;
    const { stdout } = await sluice("a.ndjson", "b.ndjson");
    expect(stdout).toContain(
      "a.ndjson: 1 read, 1 of them in an earlier run, 1 accepted, 0 duplicate",
    );
    expect(stdout).toContain("total: 2 read, 1 of them in an earlier run, 2 accepted");
    expect(edge.requests).toHaveLength(3);
    expect(progressFiles()).toEqual([]);
  });

  test("does not run ahead of a batch that is not answered", async () => {
    const early: number[] = [];
    await startEdge((request) => {
      if (request === 1) return { delayMs: 1000 };
      // Event 1 is in the delayed request, whichever of the first two that is; beyond the window nothing may come before it.
      if (request > 8 && !(edge.accepted.has(idOf(1)) && edge.accepted.has(idOf(2))))
        early.push(request);
      return undefined;
    });
    write("events.ndjson", eventLines(40).join("\n"));
    const args = ["--batch-size", "1", "--concurrency", "2"];
    expect((await sluice("events.ndjson", ...args)).code).toBe(0);
    expect(early).toEqual([]);
    expectEachAcceptedOnce(40);
  });

  test("says nothing but why it tries again, however many requests wait", async () => {
    const isFirst = (request: number) => request <= 64;
    await startEdge((request) =>
      isFirst(request) ? { status: 503, body: { title: "Down" } } : undefined,
    );
    write("events.ndjson", eventLines(64).join("\n"));
    const { code, stderr } = await sluice(
      "events.ndjson",
      "--batch-size",
      "1",
      "--concurrency",
      "64",
    );
    expect(stderr).toBe(`${edge.url}: it answered 503, Down; trying again\n`);
    expect(code).toBe(0);
    expectEachAcceptedOnce(64);
  });

  test("says which file it cannot write", async () => {
    await startEdge();
    write("events.ndjson", "{}");
    const { code, stderr } = await sluice("events.ndjson", "--rejects", "missing/rejects.ndjson");
    expect(stderr).toContain("sluice: Cannot write missing/rejects.ndjson: ENOENT");
    expect(code).toBe(1);
  });

  test.each(["events.ndjson", "./events.ndjson"])(
    "does not write rejects into the file that it reads: %s",
    async (rejects) => {
      await startEdge();
      write("events.ndjson", "{}");
      const { code, stderr } = await sluice("events.ndjson", "--rejects", rejects);
      expect(stderr).toBe(
        "sluice: Cannot write the rejects of events.ndjson into the file itself: name another one\n",
      );
      expect(code).toBe(2);
      expect(readFileSync(join(cwd, "events.ndjson"), "utf8")).toBe("{}");
    },
  );

  test("keeps an earlier rejects file aside", async () => {
    await startEdge();
    write("events.ndjson", eventLine(1));
    write("events.ndjson.rejects.ndjson", "corrected by hand");
    expect((await sluice("events.ndjson")).code).toBe(0);
    expect(existsSync(join(cwd, "events.ndjson.rejects.ndjson"))).toBe(false);
    expect(readFileSync(join(cwd, "events.ndjson.rejects.ndjson.old"), "utf8")).toBe(
      "corrected by hand",
    );
  });

  test.each([
    ["an empty file", "empty.ndjson", 0, /0 read, 0 accepted/, /empty\.ndjson is empty/],
    ["an empty CSV file", "empty.csv", 0, /0 read, 0 accepted/, /empty\.csv is empty/],
    [
      "a missing file",
      "missing.ndjson",
      2,
      /^$/,
      /Cannot import missing\.ndjson: there is no such file/,
    ],
    ["a directory", "directory", 2, /^$/, /Cannot import directory: it is a directory/],
    ["a JSON array", "array.json", 2, /^$/, /jq -c '\.\[\]' array\.json \| sluice import -/],
    ["UTF-16", "utf16.csv", 2, /^$/, /UTF-16/],
    ["Latin-1 CSV", "latin1.csv", 1, /^$/, /the CSV is not UTF-8/],
    [
      "CSV without a needed column",
      "lacking.csv",
      2,
      /^$/,
      /No column for user_id: name one with --map user_id=COLUMN. The header has event_type, a/,
    ],
    [
      "CSV with a quote that is not closed",
      "quote.csv",
      1,
      /^$/,
      /row that begins at line 3: a quote is not closed/,
    ],
    ["damaged gzip", "damaged.gz", 1, /^$/, /the gzip data is damaged/],
  ])("explains %s", async (_, file, exitCode, stdout, stderr) => {
    await startEdge();
    mkdirSync(join(cwd, "directory"));
    write("empty.ndjson", "");
    write("empty.csv", "");
    write("array.json", `[${eventLine(1)}]`);
    write("utf16.csv", Buffer.from("\uFEFFevent_type,user_id\n", "utf16le"));
    write("latin1.csv", Buffer.from("event_type,user_id\nMünchen,u1\n", "latin1"));
    write("lacking.csv", "event_type,a\nx,y\n");
    write("quote.csv", 'event_type,user_id\na,b\n"a,b\nc,d\n');
    write("damaged.gz", Buffer.concat([gzipSync("x").subarray(0, 10), Buffer.alloc(50, 0xff)]));
    const result = await sluice(file);
    expect(result.stderr).toMatch(stderr);
    expect(result.stdout).toMatch(stdout);
    expect(result.code).toBe(exitCode);
    expect(edge.requests).toHaveLength(0);
  });

  test("finds server and key in the local stack's data, or says what to do", async () => {
    await startEdge();
    write("events.ndjson", eventLine(1));
    const lost = await runSluice(["import", "events.ndjson"], { cwd }).done;
    expect(lost.code).toBe(2);
    expect(lost.stderr).toContain(
      "No server given: pass --url, set SLUICE_URL, or start the local stack",
    );
    mkdirSync(join(cwd, "data"));
    write(
      "data/local.json",
      JSON.stringify({ edge_url: edge.url, write_key: "slu_w_local_k1_00" }),
    );
    const found = await runSluice(["import", "events.ndjson", "--quiet"], {
      cwd,
      env: { DATA_DIR: "data" },
    }).done;
    expect(found).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(edge.requests[0]?.headers.authorization).toBe("Bearer slu_w_local_k1_00");
  });
});

/** Takes about half a minute: SLUICE_TEST_LARGE=1 asks for it. */
describe.skipIf(process.env.SLUICE_TEST_LARGE === undefined)("sluice import of 300 MB", () => {
  test("needs no more memory than one of 30 MB", { timeout: 300_000 }, async () => {
    const peaks: number[] = [];
    for (const megabytes of [30, 300]) {
      let run: Run | undefined;
      let peakKilobytes = 0;
      await startEdge(() => {
        peakKilobytes = Math.max(peakKilobytes, peakMemoryKilobytes(run?.child.pid));
        return undefined;
      });
      run = start("-", "--batch-size", "5000");
      const { stdin } = run.child;
      if (stdin === null) throw new Error("The command has no standard input");
      await pipeline(generateLines(megabytes * 1_000_000), stdin);
      expect((await run.done).code).toBe(0);
      peaks.push(peakKilobytes);
      await edge.close();
    }
    const [small = 0, large = 0] = peaks;
    expect(small).toBeGreaterThan(0);
    expect(large).toBeLessThan(small + 100_000);
  });
});

function* generateLines(bytes: number): Generator<string> {
  let number = 0;
  for (let written = 0; written < bytes; ) {
    const lines = Array.from({ length: 1000 }, () =>
      eventLine(++number, { properties: { n: number } }),
    );
    const text = `${lines.join("\n")}\n`;
    written += text.length;
    yield text;
  }
}

/** Linux only, as `VmHWM` of proc(5). */
function peakMemoryKilobytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

describe("sluice", () => {
  test.each([
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
    [["--help"], 0, /Examples:/],
    [["import", "--help"], 0, /Exactly once:/],
    [[], 2, /Usage: sluice/],
    [["imprt"], 2, /Did you mean import/],
    [["import"], 2, /missing required argument 'file'/],
    [["import", "x", "--batch-size", "5001"], 2, /whole number from 1 to 5000/],
    [["import", "x", "--map", "time=ts"], 2, /"time" is not a field of an event/],
  ])("%j exits with %i", async (args, exitCode, output) => {
    const { code, stdout, stderr } = await runSluice(args, { cwd }).done;
    expect(stdout + stderr).toMatch(output);
    expect(code).toBe(exitCode);
  });
});
