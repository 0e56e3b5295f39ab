import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { killWorkers, startWorker } from "./worker-process.ts";

const KEY = createKey({ scope: "w", projectId: "shop", kid: "k1" }, "a secret");
const TOKEN = "a-token-of-the-worker";

describe("the worker's log", () => {
  let nats: NatsService;

  beforeAll(async () => {
    nats = await startNats();
  });
  afterEach(killWorkers);
  afterAll(() => nats?.stop());

  test.each([
    ["that nothing answers at", "postgres://me:pass-word@127.0.0.1:1/db", "pass-word"],
    ["that cannot be read", "postgres://me:pass/word#1@127.0.0.1:1/db", "pass/word"],
    ["with a port that is none", "postgres://me:pass-word@127.0.0.1:x/db", "pass-word"],
  ])("holds no password of a database's address %s", async (_, databaseUrl, password) => {
    const worker = await startWorker({ databaseUrl, nats });
    await poll("a failure", () => worker.logs.some(({ err }) => err !== undefined));
    await worker.end("SIGTERM");
    const text = JSON.stringify(worker.logs);
    expect(text).not.toContain(password);
  });

  test("holds no password of NATS' address, and none that NATS refuses", async () => {
    const url = nats.url.replace("://", "://worker:pass-word-1@");
    const worker = await startWorker(
      { databaseUrl: "postgres://me:x@127.0.0.1:1/db", nats },
      { NATS_URL: url, NATS_PASSWORD: "pass-word-2" },
    );
    await poll("a failure", () => worker.logs.some(({ err }) => err !== undefined));
    await worker.end("SIGTERM");
    expect(JSON.stringify(worker.logs)).not.toContain("pass-word");
  });

  test("and its answers hold no key, wherever it was put", async () => {
    const databaseUrl = "postgres://me:pass-word@127.0.0.1:1/db";
    const worker = await startWorker({ databaseUrl, nats }, { WORKER_TOKEN: TOKEN });
    await poll("the worker's health", async () => (await fetch(`${worker.url}/healthz`)).ok);
    const ask = async (path: string, init: RequestInit = {}, token = TOKEN): Promise<string> => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const response = await fetch(`${worker.url}${path}`, { ...init, headers });
      return `${response.status} ${await response.text()}`;
    };
    const query = { method: "POST", body: JSON.stringify({ project_id: KEY, [KEY]: KEY }) };
    const answers = [
      await ask(`/${KEY}`),
      await ask(`/dead-letters/shop/${KEY}`),
      await ask(`/query?key=${KEY}`, query),
      await ask("/erase", {
        method: "POST",
        body: JSON.stringify({ project_id: "a", user_id: KEY }),
      }),
      await ask("/query", query, KEY),
    ];
    expect(answers.filter((answer) => answer.startsWith("2"))).toEqual([]);
    await worker.end("SIGTERM");
    const text = [...answers, JSON.stringify(worker.logs)].join("\n");
    expect(text).not.toContain(KEY.slice(-40));
    expect(text).not.toContain(TOKEN);
  });
});

test("createLogger() redacts every line, of child loggers too, and keeps it JSON", async () => {
  const script = `
    import { createLogger } from "./worker/logger.ts";
    const logger = createLogger("info");
    const cause = new TypeError("Invalid URL", { cause: new Error("x\\npostgres://me:pass-word@host ${KEY}") });
    cause.input = "postgres://me:pass/word@host";
    logger.child({ path: "/query?key=${KEY}" }).error({ err: cause }, "request failed");`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({
    msg: "request failed",
    path: "/query?key=slu_w_shop_k1_[redacted]",
    err: { input: "postgres://me:[redacted]@host" },
  });
  expect(stdout).toContain("postgres://me:[redacted]@host slu_w_shop_k1_[redacted]");
  expect(stdout).not.toMatch(/pass.word/);
});
