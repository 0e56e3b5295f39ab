import { describe, expect, it } from "vitest";
import { isDuplicateInProcess, isRefusal } from "../../../../edge/publish/jetstream-refusal.ts";

describe("isRefusal()", () => {
  it.each([
    [503, 10_077, "maximum bytes exceeded"],
    [503, 10_077, "no space left on device"],
    [503, 10_023, "insufficient resources"],
    [500, 10_028, "insufficient memory resources available"],
    [500, 10_047, "insufficient storage resources available"],
    [400, 10_002, "resource limits exceeded for account"],
    [400, 10_054, "message size exceeds maximum allowed"],
    [400, 10_109, "invalid operation on sealed stream"],
  ])("is true for %s %s, %s", (code, err_code, description) => {
    expect(isRefusal({ code, err_code, description })).toBe(true);
  });

  it.each([
    [503, 10_077, "store is closed"],
    [503, 10_008, "JetStream system temporarily unavailable"],
    [500, 10_009, "JetStream cluster can not handle request"],
    [500, 10_118, "stream is offline"],
    [503, 10_076, "JetStream not enabled"],
    [409, 10_158, "duplicate message id is in process"],
    [429, 10_167, "too many requests"],
  ])("is false for %s %s, %s", (code, err_code, description) => {
    expect(isRefusal({ code, err_code, description })).toBe(false);
  });

  it("is false for an answer of RAFT, which has no code", () => {
    expect(isRefusal({ code: 503, description: "raft: not leader" })).toBe(false);
  });
});

describe("isDuplicateInProcess()", () => {
  it("tells a message that is not stored yet from one that is refused", () => {
    const description = "duplicate message id is in process";
    expect(isDuplicateInProcess({ code: 409, err_code: 10_158, description })).toBe(true);
    expect(isDuplicateInProcess({ code: 400, err_code: 10_054, description: "too large" })).toBe(
      false,
    );
  });
});
