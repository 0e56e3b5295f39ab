import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answerJson, type HttpDouble, startHttpDouble } from "./http-double.ts";
import { runSluice } from "./run-sluice.ts";

const KEY = "slu_a_demo_k1_00";
const USER = "Zoë/'1\"?";
const RECEIPT = {
  user_id: USER,
  erased_at: "2026-03-01T10:00:00.000Z",
  removed: { hot: 1_200, cold: 34, dead_letters: 1 },
  caches_until: "2026-03-01T11:00:00.000Z",
};

let cwd: string;
let edge: HttpDouble;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
});
afterEach(async () => {
  await edge?.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function sluice(
  answer: (response: ServerResponse) => void,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  edge = await startHttpDouble(answer);
  const { child, done } = runSluice(["erase", ...args], {
    cwd,
    env: { SLUICE_URL: edge.url, SLUICE_KEY: KEY, ...env },
  });
  child.stdin?.end();
  return done;
}

describe("sluice erase", () => {
  test("erases a user and prints the receipt", async () => {
    const outcome = await sluice((response) => answerJson(response, 200, RECEIPT), [USER, "--yes"]);
    expect(outcome).toEqual({
      code: 0,
      stderr: "",
      stdout:
        `Erased user "${USER}": 1,235 events removed (hot 1200, cold 34, dead letters 1)\n` +
        "What was received before 2026-03-01T10:00:00.000Z stays away; caches may count the user until 2026-03-01T11:00:00.000Z\n",
    });
    expect(edge.requests).toEqual([
      {
        method: "DELETE",
        url: `/v1/users/${encodeURIComponent(USER)}`,
        authorization: `Bearer ${KEY}`,
        body: "",
      },
    ]);
  });

  test("prints the receipt as JSON", async () => {
    const outcome = await sluice(
      (response) => answerJson(response, 200, RECEIPT),
      [USER, "-y", "--json"],
    );
    expect(outcome).toEqual({ code: 0, stderr: "", stdout: `${JSON.stringify(RECEIPT)}\n` });
  });

  test("asks first, and does nothing where nobody can be asked", async () => {
    const { code, stderr } = await sluice(() => {}, ["user-42"]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `sluice: Remove every event of user "user-42" in project demo at ${edge.url} for good? Pass --yes where nobody can be asked\n`,
    );
    expect(edge.requests).toEqual([]);
  });

  test("says why the server refuses", async () => {
    const problem = {
      title: "The key does not permit this",
      detail: "This route needs an admin key, this is a read key",
    };
    const { code, stderr } = await sluice(
      (response) => answerJson(response, 403, problem),
      ["user-42", "--yes"],
    );
    expect([code, stderr]).toEqual([
      1,
      `sluice: Cannot erase user "user-42" at ${edge.url}: it answered 403, The key does not permit this: This route needs an admin key, this is a read key\n`,
    ]);
  });

  test("says that an answer is none of Sluice", async () => {
    const { code, stderr } = await sluice(
      (response) => void response.end("<html>"),
      ["user-42", "--yes"],
    );
    expect([code, stderr]).toEqual([
      1,
      `sluice: Cannot erase user "user-42" at ${edge.url}: its answer is not JSON: is this Sluice?\n`,
    ]);
  });

  test.each([
    [[], "missing required argument 'user-id'"],
    [[""], "It is empty."],
    [["x".repeat(201)], "It is longer than 200 characters."],
    [[".."], "No URL can name such a user: ask the worker, POST /erase."],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await sluice(() => {}, [...args, "--yes"]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(edge.requests).toEqual([]);
  });

  test("says that an admin key is missing", async () => {
    const env = { SLUICE_URL: "https://events.example.com", SLUICE_KEY: "" };
    const { code, stderr } = await sluice(() => {}, ["user-42"], env);
    expect([code, stderr]).toEqual([
      2,
      "sluice: No key given for https://events.example.com: pass --key or set SLUICE_KEY to an admin key\n",
    ]);
  });
});
