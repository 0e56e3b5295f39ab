import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bindingsFrom } from "../../../local/edge-runtime.ts";
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
