import { describe, expect, test } from "vitest";
import { UsageError } from "../../../cli/cli-error.ts";
import { resolveTarget } from "../../../cli/target.ts";

const local = {
  edge_url: "http://127.0.0.1:8787",
  write_key: "local-key",
  read_key: "local-read-key",
  admin_key: "local-admin-key",
};
const noLocal = () => undefined;

describe("resolveTarget()", () => {
  test.each([
    [
      "the command line first",
      { url: "https://a", key: "k" },
      { SLUICE_URL: "https://b", SLUICE_KEY: "l" },
      "https://a/",
      "k",
    ],
    ["then the environment", {}, { SLUICE_URL: "https://b", SLUICE_KEY: "l" }, "https://b/", "l"],
    ["then the local stack", {}, {}, "http://127.0.0.1:8787/", "local-key"],
    [
      "the local key for any port here",
      { url: "http://localhost:1" },
      {},
      "http://localhost:1/",
      "local-key",
    ],
  ])("takes %s", (_, options, env, url, key) => {
    const target = resolveTarget(options, env, "w", () => local);
    expect(target.url.href).toBe(url);
    expect(target.key).toBe(key);
  });

  test.each([
    ["w", "local-key", "a write key"],
    ["r", "local-read-key", "a read key"],
    ["a", "local-admin-key", "an admin key"],
  ] as const)("picks the key of scope %s, or says which is missing", (scope, key, name) => {
    expect(resolveTarget({}, {}, scope, () => local).key).toBe(key);
    expect(() => resolveTarget({ url: "https://a" }, {}, scope, () => local)).toThrow(
      `No key given for https://a: pass --key or set SLUICE_KEY to ${name}`,
    );
  });

  test("looks for local.json under DATA_DIR", () => {
    const paths: string[] = [];
    const read = (path: string) => {
      paths.push(path);
      return local;
    };
    resolveTarget({}, { DATA_DIR: "/data" }, "w", read);
    resolveTarget({}, {}, "w", read);
    expect(paths).toEqual(["/data/local.json", ".data/local.json"]);
  });

  test.each([
    ["no server", {}, noLocal, "No server given: pass --url"],
    ["no key", { url: "https://a" }, noLocal, "No key given for https://a: pass --key"],
    [
      "a remote server and only a local key",
      { url: "https://a" },
      () => local,
      "No key given for https://a",
    ],
    ["what is no URL", { url: "a.example" }, noLocal, '"a.example" does not begin with https://'],
    ["a key with a line end", { url: "https://a", key: "k\n" }, noLocal, "The key holds a blank"],
  ])("refuses %s", (_, options, readLocal, message) => {
    expect(() => resolveTarget(options, {}, "w", readLocal)).toThrow(UsageError);
    expect(() => resolveTarget(options, {}, "w", readLocal)).toThrow(message);
  });
});
