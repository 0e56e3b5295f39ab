import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey } from "../../contract/key.ts";
import { createUuidV7 } from "../../contract/uuid.ts";
import { runSluice } from "../integration/cli/run-sluice.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack, whileGone } from "../support/stack.ts";
import { makeTempDir, type TempDir } from "../support/temp-dir.ts";

/** A minute is the promise, and a test need not take so long to see it kept. */
const ENV = { REVOCATION_MAX_AGE_SECONDS: "2" };

describe("sluice keys and the edge", () => {
  let dataDir: TempDir;
  let stack: StackService;
  /** Every key that was made or sent. */
  const keys: string[] = [];

  beforeAll(async () => {
    dataDir = await makeTempDir("keys");
    stack = await start();
  });
  afterAll(async () => {
    await stack?.stop();
    await dataDir.remove();
  });

  function start(): Promise<StackService> {
    const env = { ...ENV, DATA_DIR: dataDir.path };
    return startStack({ args: ["--store", "duckdb"], env });
  }

  async function restart(): Promise<void> {
    await stack.stop();
    stack = await start();
  }

  /** `sluice keys …`, with this on standard input. Insists on success and answers what it printed. */
  async function sluice(args: readonly string[], input = ""): Promise<string> {
    const env = { DATA_DIR: dataDir.path };
    const { child, done } = runSluice(["keys", ...args], { cwd: dataDir.path, env });
    child.stdin?.end(input);
    const { code, stdout, stderr } = await done;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout;
  }

  async function create(...args: readonly string[]): Promise<string> {
    const key = (await sluice(["create", "--project", "shop", ...args])).trimEnd();
    keys.push(key);
    return key;
  }

  async function statesByKid(): Promise<Record<string, string>> {
    const lines = (await sluice(["list", "--project", "shop", "--json"])).trimEnd().split("\n");
    return Object.fromEntries(
      lines.map((line) => JSON.parse(line)).map(({ kid, state }) => [kid, state]),
    );
  }

  async function post(key: string): Promise<number> {
    const event = {
      event_id: createUuidV7(Date.now()),
      occurred_at: new Date().toISOString(),
      event_type: "e2e",
      user_id: "user-1",
    };
    const response = await fetch(`${stack.edge_url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(event),
    });
    await response.arrayBuffer();
    return response.status;
  }

  const becomes = (key: string, status: number): Promise<true> =>
    poll(`a ${status}`, async () => (await post(key)) === status, 60_000);

  let revoked: string;
  let kept: string;

  it("takes a key that was made, refuses it once it is revoked, and no other", async () => {
    revoked = await create("--scope", "w", "--label", "leaked", "--expires", "90d");
    kept = await create("--scope", "w", "--label", "checkout");
    expect([await post(revoked), await post(kept)]).toEqual([202, 202]);
    expect(await sluice(["revoke", "-", "--yes"], revoked)).toContain("effective within 60 s");
    await becomes(revoked, 401);
    expect(await post(kept)).toBe(202);
    expect(await statesByKid()).toEqual({ [kidOf(revoked)]: "revoked", [kidOf(kept)]: "valid" });
  });

  it("exchanges the secret while old and new keys are valid, and revoked ones are not", async () => {
    await sluice(["rotate-secret"]);
    await restart();
    expect([await post(kept), await post(stack.write_key)]).toEqual([202, 202]);
    await becomes(revoked, 401);

    const fresh = await create("--scope", "w");
    const [line = ""] = (await sluice(["rotate-secret", "--reissue", "--json"])).split("\n");
    const { key: replacement, replaces } = JSON.parse(line);
    keys.push(replacement);
    expect(replaces).toBe(kidOf(kept));
    expect([await post(fresh), await post(replacement), await post(kept)]).toEqual([202, 202, 202]);

    await sluice(["rotate-secret", "--finish", "--yes"]);
    await restart();
    expect([await post(fresh), await post(replacement)]).toEqual([202, 202]);
    expect([await post(kept), await post(revoked)]).toEqual([401, 401]);
    expect(await statesByKid()).toEqual({
      [kidOf(revoked)]: "revoked",
      [kidOf(kept)]: "retired",
      [kidOf(fresh)]: "valid",
      [kidOf(replacement)]: "valid",
    });
  });

  it("leaves no key and no secret in a log, wherever clients put them", async () => {
    const forged = createKey({ scope: "w", projectId: "shop", kid: "forged" }, "a guess");
    keys.push(forged, stack.write_key, stack.read_key, stack.admin_key);
    for (const key of keys) await misplace(key);
    // Then the edge logs the errors of its clients, and the worker its own.
    for (const part of ["upstash-http", "worker", "nats"]) {
      await whileGone(stack, part, () => misplace(forged));
    }
    await stack.stop();

    const logs = await readLogs();
    for (const message of ["request failed", "redis did not answer a call", "keeping messages"]) {
      expect(logs.get("edge.log")).toContain(message);
    }
    const secrets = JSON.parse(await readFile(join(dataDir.path, "secrets.json"), "utf8"));
    const pieces = [...keys.map((key) => key.slice(-40, -16)), ...Object.values<string>(secrets)];
    const found = [...logs].flatMap(([name, text]) =>
      pieces.filter((piece) => text.includes(piece)).map((piece) => `${name}: ${piece}`),
    );
    expect(found).toEqual([]);
  });

  /** Puts a key everywhere in requests, as the key and beside one that is valid for the route. */
  async function misplace(key: string): Promise<void> {
    const { write_key: w, read_key: r, admin_key: a } = stack;
    const event = { event_type: key, user_id: key, occurred_at: new Date().toISOString() };
    const post = (body: unknown) => ({ method: "POST", body: JSON.stringify(body) });
    const requests: [string, string, RequestInit][] = [
      [w, "/v1/events?results=all", post([event, { ...event, [key]: key, event_id: key }])],
      [w, `/v1/events?key=${key}&${key}=1`, post(`{"${key}`)],
      [r, `/v1/users/${key}/events?limit=1`, {}],
      [r, `/v1/events/${key}`, {}],
      [r, `/v1/stats/events?interval=${key}&breakdown=properties.${key}`, {}],
      [r, `/v1/stats/top-events?from=2026-01-01&to=2026-02-01&key=${key}`, {}],
      [r, `/v1/export?format=${key}`, {}],
      [r, "/v1/query", post({ kind: key, [key]: key })],
      [a, `/v1/users/${key}`, { method: "DELETE" }],
      [a, `/v1/dead-letters?cursor=${key}`, {}],
      [r, `/${key}`, { method: "PUT", body: key }],
      [r, `/metrics?key=${key}`, {}],
    ];
    const worn = { "x-request-id": key, "idempotency-key": key, traceparent: key };
    for (const [valid, path, init] of requests) {
      for (const bearer of new Set([valid, key])) {
        const headers = {
          authorization: `Bearer ${bearer}`,
          "content-type": "application/json",
          ...worn,
        };
        const response = await fetch(`${stack.edge_url}${path}`, { ...init, headers });
        await response.arrayBuffer();
      }
    }
    const headers = { authorization: `Bearer ${key}` };
    await fetch(`${stack.worker_url}/${key}?key=${key}`, { headers }).catch(() => {});
  }

  async function readLogs(): Promise<Map<string, string>> {
    const folder = join(dataDir.path, "logs");
    const names = await readdir(folder);
    const texts = names.map(
      async (name) => [name, await readFile(join(folder, name), "utf8")] as const,
    );
    return new Map(await Promise.all(texts));
  }
});

function kidOf(key: string): string {
  return key.split("_")[3] ?? "";
}
