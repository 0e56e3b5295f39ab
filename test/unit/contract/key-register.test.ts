import { describe, expect, it, test } from "vitest";
import { parseKnownKey, secretId } from "../../../contract/key-register.ts";

const KEY = { scope: "w", created_at: "2026-01-01T00:00:00.000Z" };
const FULL = {
  ...KEY,
  label: "checkout",
  expires_at: "2027-01-01T00:00:00.000Z",
  signed_by: "0a1b2c3d",
  replaces: "k0",
};

describe("parseKnownKey()", () => {
  it.each([KEY, FULL])("reads %o", (key) => {
    expect(parseKnownKey(JSON.stringify(key))).toEqual(key);
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...KEY, scope: "x" }),
    JSON.stringify({ ...KEY, created_at: "yesterday" }),
    JSON.stringify({ ...KEY, expires_at: 1 }),
    JSON.stringify({ ...KEY, label: 1 }),
    JSON.stringify({ ...KEY, signed_by: {} }),
  ])("passes over %s", (json) => expect(parseKnownKey(json)).toBeUndefined());
});

test("secretId() tells secrets apart, and keeps its form: what is registered names it", () => {
  expect(secretId("a secret of at least 32 characters")).toBe("3429087b");
  expect(secretId("another secret of 32 characters..")).not.toBe(secretId("a secret of at least"));
});
