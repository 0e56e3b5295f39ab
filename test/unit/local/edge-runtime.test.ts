import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bindingsFrom, gatesFrom } from "../../../local/edge-runtime.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

const VARS = { ENVIRONMENT: "production", MAX_EVENT_AGE_DAYS: "7300" };

describe("bindingsFrom()", () => {
  let tempDir: TempDir;

  beforeAll(async () => {
    tempDir = await makeTempDir("bindings");
  });
  afterAll(() => tempDir.remove());

  it("puts the environment before what is deployed, and takes only what the edge has", () => {
    const env = { MAX_EVENT_AGE_DAYS: "30", KEY_SECRET: "secret", WORKER_URL: "", HOME: "/root" };
    expect(bindingsFrom(VARS, env)).toEqual({
      ENVIRONMENT: "development",
      MAX_EVENT_AGE_DAYS: "30",
      KEY_SECRET: "secret",
    });
  });

  it("is development unless it says otherwise, whatever is deployed", () => {
    expect(bindingsFrom(VARS, {})).toMatchObject({ ENVIRONMENT: "development" });
    const { ENVIRONMENT } = VARS;
    expect(bindingsFrom(VARS, { ENVIRONMENT })).toMatchObject({ ENVIRONMENT });
  });

  it("reads secrets from files, and names every file that it cannot read", async () => {
    const path = join(tempDir.path, "key-secret");
    const none = join(tempDir.path, "none");
    await writeFile(path, "of a file\n");
    expect(bindingsFrom(VARS, { KEY_SECRET_FILE: path })).toMatchObject({
      KEY_SECRET: "of a file",
    });
    const env = { KEY_SECRET: "hush", KEY_SECRET_FILE: path, NATS_PASSWORD_FILE: none };
    expect(() => bindingsFrom(VARS, env)).toThrow(
      `Cannot read environment: KEY_SECRET and KEY_SECRET_FILE are both set; NATS_PASSWORD_FILE "${none}" cannot be read: ENOENT`,
    );
  });
});

describe("gatesFrom()", () => {
  const gate = (limit: number) => ({ namespace_id: "1", simple: { limit, period: 10 as const } });
  const GATES = { PROJECT_GATE: gate(100_000), REFUSED_KEYS_GATE: gate(100) };

  it("has no gate unless it is asked for, and then with the limit that is", () => {
    expect(gatesFrom(GATES, undefined)).toEqual({});
    expect(gatesFrom(GATES, '{"PROJECT_GATE":5}')).toEqual({ PROJECT_GATE: gate(5) });
  });

  it("refuses a gate that wrangler.toml does not have", () => {
    expect(() => gatesFrom(GATES, '{"GATE":5}')).toThrow("Cannot set LOCAL_GATES: no gate GATE");
  });
});
