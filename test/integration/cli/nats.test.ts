import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFreePort } from "../../../local/free-port.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { runSluice } from "./run-sluice.ts";

let nats: NatsService;
let cwd: string;

beforeAll(async () => {
  nats = await startNats();
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
});

afterAll(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await nats?.stop();
});

function sluice(args: readonly string[], env: Record<string, string> = {}) {
  const run = runSluice(args, { cwd, env });
  run.child.stdin?.end();
  return run.done;
}

const NO_STREAM = /^sluice: NATS has no stream "EVENTS(_DEAD)?": the worker creates it when/;

describe("operator commands reach NATS", () => {
  test.each([
    ["NATS_USER and NATS_PASSWORD", () => env({ NATS_URL: nats.url, ...login() })],
    ["credentials in NATS_URL", () => env({ NATS_URL: urlWithLogin() })],
    [
      "any server of a list",
      async () => env({ NATS_URL: `127.0.0.1:${await findFreePort()}, ${urlWithLogin()}` }),
    ],
    [
      "local.json",
      () => {
        mkdirSync(join(cwd, "data"), { recursive: true });
        const local = JSON.stringify({ nats_url: urlWithLogin() });
        writeFileSync(join(cwd, "data", "local.json"), local);
        return env({ DATA_DIR: "data" });
      },
    ],
  ])("by %s", async (_, prepare) => {
    const { code, stderr } = await sluice(["dead", "list"], await prepare());
    expect(stderr).toMatch(NO_STREAM);
    expect(code).toBe(1);
  });

  test.each([
    ["dead", "show", "1"],
    ["dead", "replay", "--all"],
    ["dead", "drop", "1", "--yes"],
    ["replay", "--since", "1h"],
    ["replay", "list"],
    ["replay", "cancel", "replay-1"],
  ])("and sluice %s %s says that the stream is not there yet", async (...args) => {
    const { code, stderr } = await sluice([...args, "--nats-url", urlWithLogin()]);
    expect(stderr).toMatch(NO_STREAM);
    expect(code).toBe(1);
  });
});

describe("operator commands say why they cannot", () => {
  test("when no server is given", async () => {
    const { code, stderr } = await sluice(["dead", "list"]);
    expect(stderr).toContain("No NATS server given: pass --nats-url, set NATS_URL");
    expect(code).toBe(2);
  });

  test("when nobody listens", async () => {
    const port = await findFreePort();
    const { code, stderr } = await sluice([
      "dead",
      "list",
      "--nats-url",
      `nats://127.0.0.1:${port}`,
    ]);
    expect(stderr).toBe(
      `sluice: Cannot connect to NATS at 127.0.0.1:${port}: connection refused\n`,
    );
    expect(code).toBe(1);
  });

  test("when the server is silent", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr } = await sluice(["replay", "list", "--nats-url", `127.0.0.1:${port}`]);
    silent.close();
    expect(stderr).toBe(
      `sluice: Cannot connect to NATS at 127.0.0.1:${port}: no answer within 4 s\n`,
    );
    expect(code).toBe(1);
  });

  test("when the password is wrong, without telling it", async () => {
    const url = nats.url.replace("://", "://worker:s3cret@");
    const { code, stderr } = await sluice(["dead", "list"], { NATS_URL: url });
    expect(stderr).toBe(
      `sluice: Cannot connect to NATS at 127.0.0.1:${nats.port}: it refuses user "worker" or the password; set NATS_USER and NATS_PASSWORD, or put them into the URL\n`,
    );
    expect(code).toBe(1);
  });

  test("when no user is given", async () => {
    const { stderr } = await sluice(["dead", "list"], { NATS_URL: nats.url });
    expect(stderr).toContain("it asks for a user and password; set NATS_USER");
  });

  test("when the user may not", async () => {
    const { user, password } = nats.worker;
    const { code, stderr } = await sluice(["dead", "list"], {
      NATS_URL: nats.url,
      NATS_USER: user,
      NATS_PASSWORD: password,
    });
    expect(stderr).toContain(
      `sluice: NATS at 127.0.0.1:${nats.port} did not do it: the user may not`,
    );
    expect(stderr).toContain("use the operator's user");
    expect(code).toBe(1);
  });
});

function env(given: Record<string, string>): Record<string, string> {
  return given;
}

function login(): Record<string, string> {
  return { NATS_USER: nats.operator.user, NATS_PASSWORD: nats.operator.password };
}

function urlWithLogin(): string {
  const { user, password } = nats.operator;
  return nats.url.replace("://", `://${user}:${encodeURIComponent(password)}@`);
}
