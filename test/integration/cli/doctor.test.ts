import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examine } from "../../../cli/doctor/examine.ts";
import { toJson } from "../../../cli/doctor/format.ts";
import { findAccess } from "../../../cli/parts/access.ts";
import type { LoopbackServer } from "../../../local/server-process.ts";
import { startUpstashHttp } from "../../../local/upstash-http.ts";
import { applyDatabaseRoles, loginsOf } from "../../support/database-roles.ts";
import { type NatsLogin, type NatsService, startNats } from "../../support/nats.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { type RedisService, startRedis } from "../../support/redis.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { killWorkers, startWorker, type WorkerProcess } from "../worker/worker-process.ts";
import { runSluice } from "./run-sluice.ts";

const TOKEN = "token-of-the-worker-0123456789ab";
const REDIS_TOKEN = "token-of-redis";
/** Nothing listens there. Of the ports that fetch does not refuse by itself. */
const NOBODY = "127.0.0.1:4";
const ALL = ["edge", "worker", "nats", "redis-http", "database"];

let nats: NatsService;
let database: PostgresService;
let redis: RedisService;
let upstash: LoopbackServer;
let worker: WorkerProcess;
let tempDir: TempDir;

beforeAll(async () => {
  [nats, database, redis, tempDir] = await Promise.all([
    startNats(),
    startPostgres(),
    startRedis(),
    makeTempDir("doctor"),
  ]);
  upstash = await startUpstashHttp({ redisUrl: redis.url, token: REDIS_TOKEN, port: 0 });
  await applyDatabaseRoles(database.url);
  const { worker: DATABASE_URL, owner: DATABASE_OWNER_URL } = loginsOf(database.url);
  const settings = { DATABASE_URL, DATABASE_OWNER_URL, WORKER_TOKEN: TOKEN };
  worker = await startWorker({ databaseUrl: DATABASE_URL, nats }, settings);
  await worker.waitUntilReady();
});

afterAll(async () => {
  await killWorkers();
  await upstash?.close();
  await Promise.all([nats?.stop(), database?.stop(), redis?.stop()]);
  await tempDir?.remove();
});

function deployment(): Record<string, string> {
  return {
    WORKER_URL: worker.url,
    WORKER_TOKEN: TOKEN,
    DATABASE_URL: loginsOf(database.url).edge,
    UPSTASH_REDIS_REST_URL: upstash.url,
    UPSTASH_REDIS_REST_TOKEN: REDIS_TOKEN,
    NATS_URL: nats.url,
    ...as(nats.operator),
  };
}

function as({ user, password }: NatsLogin): Record<string, string> {
  return { NATS_USER: user, NATS_PASSWORD: password };
}

function sluice(args: readonly string[], env: Record<string, string>) {
  const { child, done } = runSluice(["doctor", ...args], { cwd: tempDir.path, env });
  child.stdin?.end();
  return done;
}

/** In this process: the command itself takes most of a second to begin. */
async function look(changes: Record<string, string> = {}) {
  const access = findAccess({ ...deployment(), ...changes });
  const beganMs = performance.now();
  const report = toJson(await examine(access), access, (performance.now() - beganMs) / 1_000);
  const complaints = report.findings
    .filter(({ level }) => level === "warning" || level === "failure")
    .map(({ part, what, level, detail }) => `${level} ${part} ${what}: ${detail}`);
  return { ...report, complaints };
}

describe("sluice doctor", () => {
  test("finds a deployment well but for what the test lacks, and says what it was not given", async () => {
    const { ok, complaints, findings } = await look();
    expect(complaints).toEqual(["warning database TimescaleDB: is not there"]);
    expect(ok).toBe(true);
    const skipped = findings.filter(({ level }) => level === "skipped");
    expect(skipped.map(({ part, detail }) => `${part}: ${detail}`)).toEqual([
      "edge: set SLUICE_URL to the edge's address",
      "keys: set it to a key, to have it tried",
      "database-http: set NEON_FETCH_ENDPOINT, if the edge asks the database by Neon's HTTP",
    ]);
    const details = findings.map(({ part, detail }) => `${part}: ${detail}`);
    expect(details).toContainEqual(expect.stringMatching(/^nats: nats-server 2\.\d/));
    expect(details).toContainEqual(expect.stringMatching(/^redis-http: Redis \d/));
    expect(details).toContainEqual(expect.stringMatching(/^database: PostgreSQL \d/));
    expect(details).toContain("database: sluice_edge may not write");
    expect(details).toContainEqual(
      expect.stringMatching(/^clocks: worker, NATS, Redis, database: within/),
    );
  });

  test("tells it to people, with signs and without colours in a pipe", async () => {
    const { stdout, code } = await sluice([], deployment());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^The deployment that WORKER_URL, NATS_URL, /);
    expect(stdout).toMatch(/^ {2}✓ answers {12}http:\/\/127\.0\.0\.1:\d+ in \d+ ms$/m);
    expect(stdout).toMatch(/^ {2}! TimescaleDB.*\n {6}→ install TimescaleDB's Community edition/m);
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    ["the worker's user", () => as(nats.worker), "the user may not do this"],
    ["the edge's user", () => as(nats.edge), "the user may not do this"],
  ])("says that %s of NATS is not the operator's", async (_, login, detail) => {
    const { complaints, begin_with } = await look(login());
    expect(complaints).toContainEqual(
      expect.stringMatching(new RegExp(`^failure nats permissions: ${detail}`)),
    );
    expect(begin_with).toEqual(["nats"]);
  });

  test("says that a user of NATS may do more than an operator should", async () => {
    expect((await look(as(nats.tester))).complaints).toContain(
      'warning nats permissions: user "tester" may delete the streams, which no command needs',
    );
  });

  test.each<[string, () => Record<string, string>, string[], string]>([
    [
      "a wrong password of NATS",
      () => as({ ...nats.operator, password: "wrong" }),
      ["nats"],
      'it refuses user "operator" or the password',
    ],
    [
      "a wrong token of Redis",
      () => ({ UPSTASH_REDIS_REST_TOKEN: "wrong" }),
      ["redis-http"],
      "it answered 401, Unauthorized",
    ],
    [
      "a wrong token of the worker",
      () => ({ WORKER_TOKEN: "wrong-token-of-the-worker" }),
      ["worker"],
      "the worker refuses WORKER_TOKEN",
    ],
    [
      "a wrong database",
      () => ({ DATABASE_URL: database.url.replace("/postgres", "/nothing") }),
      ["database"],
      'database "nothing" does not exist',
    ],
    [
      "settings that the streams do not have",
      () => ({ STREAM_MAX_BYTES: "1000000" }),
      ["streams"],
      "max_bytes is 268435456, wanted 1000000",
    ],
    [
      "a secret that is too short",
      () => ({ KEY_SECRET: "short" }),
      ["settings"],
      "has 5 characters",
    ],
  ])("names %s", async (_, changes, parts, detail) => {
    const { begin_with, complaints } = await look(changes());
    expect(begin_with).toEqual(parts);
    expect(complaints.join("\n")).toContain(detail);
  });

  test("warns of a role that may do more than the edge should", async () => {
    const { complaints } = await look({ DATABASE_URL: database.url });
    expect(complaints).toContain("warning database role: sluice is a superuser");
  });

  test("names every part when none is there, and ends with 1", async () => {
    const env = unreachable(`http://${NOBODY}`, NOBODY);
    const { code, stdout, stderr } = await sluice(["--json"], env);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, begin_with: ALL });
    expect([code, stderr]).toEqual([1, ""]);
  });

  test("names every part in less than 10 s when each takes connections and is silent", async () => {
    const silent = await listenSilently();
    const { port } = silent.address() as AddressInfo;
    const { begin_with, complaints, seconds } = await look(
      unreachable(`http://127.0.0.1:${port}`, `127.0.0.1:${port}`),
    );
    silent.close();
    expect(begin_with).toEqual(ALL);
    expect(complaints.filter((text) => text.includes("no answer within"))).toHaveLength(6);
    expect(seconds).toBeLessThan(10);
  });

  test.each([
    [[], "sluice: Nothing to look at: set SLUICE_URL, WORKER_URL, NATS_URL and what else"],
    [["--verbose"], "error: unknown option '--verbose'"],
    [["all"], "error: too many arguments"],
  ])("ends with 2 for %j without a deployment", async (args, message) => {
    const { code, stderr } = await sluice(args, {});
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

function unreachable(url: string, host: string): Record<string, string> {
  return {
    SLUICE_URL: url,
    WORKER_URL: url,
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: REDIS_TOKEN,
    NATS_URL: `nats://${host}`,
    DATABASE_URL: `postgres://u:p@${host}/x`,
    NEON_FETCH_ENDPOINT: `${url}/sql`,
  };
}

function listenSilently(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
