import { describe, expect, it } from "vitest";
import { createKey, verifyKey } from "../../../contract/key.ts";

const CLAIMS = { scope: "w", projectId: "my-shop-2", kid: "k1" } as const;

describe("createKey()", () => {
  it("signs everything before the MAC", () => {
    expect(createKey(CLAIMS, "secret")).toMatch(/^slu_w_my-shop-2_k1_[0-9a-f]{32}$/);
  });

  it.each([
    { ...CLAIMS, projectId: "a_b" },
    { ...CLAIMS, projectId: "" },
    { ...CLAIMS, projectId: "x".repeat(41) },
    { ...CLAIMS, kid: "k_1" },
  ])("refuses claims that a key cannot hold: $projectId $kid", (claims) => {
    expect(() => createKey(claims, "secret")).toThrow(
      `Cannot create key: project "${claims.projectId}" or kid "${claims.kid}" has characters that a key cannot hold`,
    );
  });
});

describe("verifyKey()", () => {
  const key = createKey(CLAIMS, "secret");

  it("reads the claims of a key signed with any of the secrets", () => {
    expect(verifyKey(key, ["secret"])).toEqual(CLAIMS);
    expect(verifyKey(key, ["newer", "secret"])).toEqual(CLAIMS);
    expect(verifyKey(key, ["newer"])).toBeUndefined();
    expect(verifyKey(key, [])).toBeUndefined();
  });

  it("refuses a key with any one character changed, removed or added", () => {
    for (let index = 0; index < key.length; index += 1) {
      const changed = key[index] === "0" ? "1" : "0";
      const variants = [
        key.slice(0, index) + changed + key.slice(index + 1),
        key.slice(0, index) + key.slice(index + 1),
        `${key.slice(0, index)}0${key.slice(index)}`,
      ];
      for (const variant of variants) {
        if (variant !== key) expect(verifyKey(variant, ["secret"])).toBeUndefined();
      }
    }
    expect(verifyKey(key.toUpperCase(), ["secret"])).toBeUndefined();
    expect(verifyKey(`${key}\n`, ["secret"])).toBeUndefined();
  });
});
