import { describe, expect, it } from "vitest";
import { createUuidV5, createUuidV7, isUuid, uuidV7EpochMs } from "../../../contract/uuid.ts";

describe("createUuidV5()", () => {
  it("gives the id that RFC 9562 appendix A.4 gives", () => {
    const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    expect(createUuidV5(dns, "www.example.com")).toBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");
  });
});

describe("createUuidV7()", () => {
  it("carries the time it was made at, and never repeats", () => {
    const nowMs = Date.parse("2026-06-01T12:00:00.123Z");
    const ids = Array.from({ length: 1000 }, () => createUuidV7(nowMs));
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) {
      expect(isUuid(id)).toBe(true);
      expect(uuidV7EpochMs(id)).toBe(nowMs);
      expect(id[19]).toMatch(/[89ab]/);
    }
  });
});

describe("uuidV7EpochMs()", () => {
  it("knows no time of another version", () => {
    expect(uuidV7EpochMs("2ed6657d-e927-568b-95e1-2665a8aea6a2")).toBeUndefined();
  });
});
