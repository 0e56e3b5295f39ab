import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type JetStreamManager, jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { examine } from "../../cli/doctor/examine.ts";
import { toJson } from "../../cli/doctor/format.ts";
import { findAccess } from "../../cli/parts/access.ts";
import type { Snapshot } from "../../cli/status/snapshot.ts";
import { createSources } from "../../cli/status/sources.ts";
import { lookOnce } from "../../cli/status/watch.ts";
import { EVENTS_STREAM, OPERATOR_INBOX } from "../../contract/stream.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack, whileGone, whileStopped } from "../support/stack.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const NODE_ARGS = ["--disable-warning=ExperimentalWarning", MAIN];

/** One stack for all: each breaks a part, has it named, and leaves it mended. */
let stack: StackService;
let connection: NatsConnection;
let manager: JetStreamManager;

beforeAll(async () => {
  stack = await startStack();
  const { host, username, password } = new URL(stack.nats_url);
  connection = await connect({
    servers: host,
    user: username,
    pass: password,
    inboxPrefix: OPERATOR_INBOX,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  manager = await jetstreamManager(connection, { checkAPI: false });
});

afterAll(async () => {
  await connection?.close();
  await stack?.stop();
});

async function look() {
  const access = findAccess({ DATA_DIR: stack.dataDir });
  const beganMs = performance.now();
  const report = toJson(await examine(access), access, (performance.now() - beganMs) / 1_000);
  const failures = report.findings
    .filter(({ level }) => level === "failure")
    .map(({ part, what, detail }) => `${part} ${what}: ${detail}`);
  return { ...report, failures };
}

/** What the test before has broken comes back. */
beforeEach(async () => {
  await poll("a stack that is well", async () => (await look()).ok, 60_000);
});

describe("sluice doctor", () => {
  it("finds nothing that failed in a stack that is well", async () => {
    const { failures, findings } = await look();
    expect(failures).toEqual([]);
    expect(findings.filter(({ level }) => level === "skipped")).toEqual([]);
    const told = findings.map(({ part, what, detail }) => `${part} ${what}: ${detail}`);
    expect(told).toContain("keys write key: is accepted, for project demo");
    expect(told).toContain("keys read key: is accepted, for project demo");
    expect(told).toContain("keys admin key: is accepted, for project demo");
    expect(told).toContainEqual(
      expect.stringMatching(/^database TimescaleDB: 2\..*both aggregates$/),
    );
    expect(told).toContainEqual(
      expect.stringMatching(/^clocks clocks: edge, worker, NATS, Redis, /),
    );
  });

  it.each([
    ["redis", "redis"],
    ["upstash-http", "redis-http"],
    ["neon-http", "database-http"],
    ["worker", "worker"],
  ])("names %s that is gone", async (name, part) => {
    const { begin_with, failures, seconds } = await whileGone(stack, name, look);
    expect(begin_with, failures.join("\n")).toEqual([part]);
    expect(seconds).toBeLessThan(10);
  });

  it.each([
    ["nats", "nats"],
    ["database", "database"],
  ])("names %s that is frozen", async (name, part) => {
    const { begin_with, failures, seconds } = await whileStopped(stack, name, look);
    expect(begin_with, failures.join("\n")).toEqual([part]);
    expect(failures.join("\n")).toContain("no answer within");
    expect(seconds).toBeLessThan(10);
  });

  it("names an option of the stream that somebody has changed", async () => {
    const { failures, begin_with } = await whileChanged({ discard: "old" }, look);
    expect(failures).toEqual(['streams EVENTS: discard is "old", wanted "new"']);
    expect(begin_with).toEqual(["streams"]);
  });

  it("names a stream that is full, and the worker that does not read it; status goes on without the worker", async () => {
    const [report, snapshot] = await whileStopped(stack, "worker", async () => {
      await post(200);
      const { state } = await manager.streams.info(EVENTS_STREAM);
      return whileChanged({ max_bytes: state.bytes + 1 }, () =>
        Promise.all([
          look(),
          lookOnce(createSources(findAccess({ DATA_DIR: stack.dataDir }), Date.now)),
        ]),
      );
    });
    expect(report.failures).toContainEqual(
      expect.stringMatching(/^streams EVENTS room: .* 100 %$/),
    );
    // It may have been frozen while the embedded database, which has one session at a time, was working for it.
    expect(report.begin_with, report.failures.join("\n")).toContain("worker");
    expect(snapshot).toMatchObject({
      parts: { worker: { state: "away" }, nats: { state: "ready" } },
      stored_per_second: null,
    });
    expect(snapshot.lag?.messages).toBeGreaterThan(0);
    expect(snapshot.lag?.seconds).toBeGreaterThan(0);
  });

  it("tells of dead letters, and that nothing failed", async () => {
    connection.publish("events.demo", "this is no envelope");
    const findings = await poll("the dead letter", async () => {
      const { findings } = await look();
      return findings.some(({ what, level }) => what === "dead letters" && level === "warning")
        ? findings
        : undefined;
    });
    expect(findings.some(({ level }) => level === "failure")).toBe(false);
  });
});

describe("sluice status", () => {
  it("counts what is posted and stored", async () => {
    const sources = createSources(findAccess({ DATA_DIR: stack.dataDir }), Date.now);
    const posting = post(500);
    const snapshot = await poll("rates", async () => {
      const taken = await lookOnce(sources);
      return taken.accepted_per_second && taken.stored_per_second ? taken : undefined;
    });
    await posting;
    expect(snapshot).toMatchObject({
      dead_letters: 1,
      outbox: { messages: 0 },
      parts: {
        edge: { state: "ready", behind: { redis: "ok", stream: "ok", database: "ok" } },
        worker: { state: "ready", behind: { nats: "ok", database: "ok" } },
        nats: { state: "ready" },
      },
    });
  });

  it("prints one snapshot where there is no terminal", async () => {
    const { code, stdout, stderr } = await run("status", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const snapshot = JSON.parse(stdout) as Snapshot;
    expect(snapshot.freshness_seconds).toBeGreaterThanOrEqual(0);
    expect(snapshot.parts.edge.state).toBe("ready");
  });

  const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout;
  it.skipIf(!hasTerminal?.includes("util-linux"))(
    "draws in place on a terminal until Ctrl-C, and leaves the terminal whole",
    async () => {
      const command = [process.execPath, ...NODE_ARGS, "status", "--interval", "300ms"].join(" ");
      const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
        env: { PATH: process.env.PATH ?? "", DATA_DIR: stack.dataDir, TERM: "xterm" },
      });
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      await poll("three pictures", () => output.split("\u001b[H").length > 3);
      child.stdin.write("\u0003");
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(code).toBe(130);
      expect(output.startsWith("\u001b[?1049h\u001b[?25l")).toBe(true);
      const [, after = ""] = output.split("\u001b[?25h\u001b[?1049l");
      expect(after).toContain("Sluice: the local stack in");
      expect(after).toMatch(/^accepted +[\d,.]+\/s/m);
      expect(after).not.toContain("\u001b[?25l");
    },
  );
});

/** Comes last, as it takes longest to come back. */
it("sluice doctor names the edge that is gone", async () => {
  const { begin_with, failures } = await whileGone(stack, "edge", look);
  expect(begin_with, failures.join("\n")).toEqual(["edge"]);
});

function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH ?? "", DATA_DIR: stack.dataDir };
  const child = spawn(process.execPath, [...NODE_ARGS, ...args], { env });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...output })));
}

async function post(count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    event_type: "signed_up",
    user_id: `user-${index}`,
  }));
  const response = await fetch(`${stack.edge_url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${stack.write_key}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(202);
}

/** As an operator might with `nats stream edit`. */
async function whileChanged<T>(changes: Partial<StreamConfig>, work: () => Promise<T>): Promise<T> {
  const { config } = await manager.streams.info(EVENTS_STREAM);
  await manager.streams.update(EVENTS_STREAM, { ...config, ...changes });
  try {
    return await work();
  } finally {
    await manager.streams.update(EVENTS_STREAM, config);
  }
}
