import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  createKey,
  hasExpired,
  type KeyClaims,
  readClaims,
  verifyKey,
} from "../../../contract/key.ts";
import { redact } from "../../../contract/redact.ts";

const CLAIMS = { scope: "w", projectId: "my-shop-2", kid: "k1" } as const;
const EXPIRING = { ...CLAIMS, expiresAt: 1_893_456_000 } as const;
/** All that a key may consist of, and some that it may not. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789_-ABZ.%~ \n\u0000é";

describe("createKey()", () => {
  it("signs what names the key, and adds a checksum over all of it", () => {
    expect(createKey(CLAIMS, "secret")).toMatch(/^slu_w_my-shop-2_k1_[0-9a-f]{40}$/);
    expect(createKey(EXPIRING, "secret")).toMatch(/^slu_w_my-shop-2_k1_1893456000_[0-9a-f]{40}$/);
  });

  it("keeps its form: keys that are in use stay valid", () => {
    expect(createKey(CLAIMS, "secret")).toBe(
      "slu_w_my-shop-2_k1_696027c561fb40221ef988278413ddf7a8024473",
    );
    expect(createKey(EXPIRING, "secret")).toBe(
      "slu_w_my-shop-2_k1_1893456000_9ba4b5b67863b760b7961190b970de38d472907b",
    );
  });

  it("is found by the expression that the documentation gives to scanners", async () => {
    const documentation = new URL("../../../docs/http-api.md", import.meta.url);
    const [, expression = ""] =
      /^Scanners find keys by `(.+?)`/m.exec(await readFile(documentation, "utf8")) ?? [];
    for (const claims of [CLAIMS, EXPIRING]) {
      const key = createKey(claims, "secret");
      expect(new RegExp(expression).exec(`KEY="${key}";`)?.[0]).toBe(key);
    }
  });

  it.each([
    { ...CLAIMS, projectId: "a_b" },
    { ...CLAIMS, projectId: "" },
    { ...CLAIMS, projectId: "x".repeat(41) },
    { ...CLAIMS, kid: "k_1" },
    { ...CLAIMS, expiresAt: 0 },
    { ...CLAIMS, expiresAt: 1.5 },
    { ...CLAIMS, expiresAt: Number.NaN },
  ] satisfies KeyClaims[])("refuses claims that a key cannot hold: %o", (claims: KeyClaims) => {
    expect(() => createKey(claims, "secret")).toThrow(
      `Cannot create key: project "${claims.projectId}", kid "${claims.kid}" or expiry ${claims.expiresAt ?? "none"} has characters that a key cannot hold`,
    );
  });
});

describe("verifyKey()", () => {
  it.each([CLAIMS, EXPIRING])(
    "reads the claims of a key signed with any of the secrets",
    (claims) => {
      const key = createKey(claims, "secret");
      expect(verifyKey(key, ["secret"])).toEqual({ status: "genuine", claims });
      expect(verifyKey(key, ["newer", "secret"])).toEqual({ status: "genuine", claims });
      expect(verifyKey(key, ["newer"])).toEqual({ status: "forged" });
      expect(verifyKey(key, [])).toEqual({ status: "forged" });
    },
  );

  it.each([CLAIMS, EXPIRING])(
    "refuses a key with any one character changed, removed or added",
    (claims) => {
      const key = createKey(claims, "secret");
      for (let index = 0; index <= key.length; index += 1) {
        const [head, tail] = [key.slice(0, index), key.slice(index)];
        const variants = [head + tail.slice(1)];
        for (const character of ALPHABET) {
          variants.push(head + character + tail.slice(1), head + character + tail);
        }
        for (const variant of variants) {
          if (variant !== key) expect(verifyKey(variant, ["secret"]).status).toMatch(/^m/);
        }
      }
    },
  );

  it("refuses a key that was cut anywhere, or is followed by anything", () => {
    const key = createKey(EXPIRING, "secret");
    for (let length = 0; length < key.length; length += 1) {
      expect(verifyKey(key.slice(0, length), ["secret"])).toEqual({ status: "malformed" });
    }
    for (const more of ["\n", " ", "0", "_", key]) {
      expect(verifyKey(key + more, ["secret"])).toEqual({ status: "malformed" });
    }
    expect(verifyKey(key.toUpperCase(), ["secret"])).toEqual({ status: "malformed" });
  });

  it("tells a slip from a forgery, whose checksum fits", () => {
    const key = createKey(CLAIMS, "secret");
    const swapped = key.replace("my-shop", "ym-shop");
    expect(verifyKey(swapped, ["secret"])).toEqual({ status: "mistyped" });
    expect(verifyKey(createKey(CLAIMS, "guessed"), ["secret"])).toEqual({ status: "forged" });
  });

  it("finds no other claims under a key's MAC", () => {
    const macOf = (claims: KeyClaims) => createKey(claims, "secret").slice(-40, -8);
    const claims: KeyClaims[] = [
      CLAIMS,
      EXPIRING,
      { ...CLAIMS, scope: "r" },
      { ...CLAIMS, projectId: "my-shop-3" },
      { ...CLAIMS, kid: "k2" },
      { ...EXPIRING, expiresAt: EXPIRING.expiresAt + 1 },
    ];
    expect(new Set(claims.map(macOf)).size).toBe(claims.length);
  });
});

describe("readClaims()", () => {
  it.each([CLAIMS, EXPIRING])("reads what a key says, whoever signed it: %o", (claims) => {
    const key = createKey(claims, "secret");
    expect(readClaims(key)).toEqual(claims);
    expect(readClaims(createKey(claims, "other"))).toEqual(claims);
    expect(readClaims(key.slice(0, -30))).toEqual(claims);
    expect(readClaims(`${key}0`)).toEqual(claims);
  });

  it("reads one that was redacted, or cut after its kid", () => {
    expect(readClaims(redact(createKey(EXPIRING, "secret")))).toEqual(CLAIMS);
    expect(readClaims("slu_w_my-shop-2_k1_")).toEqual(CLAIMS);
  });

  it.each([
    "",
    "k1",
    "slu_w_my-shop-2_k1",
    "slu_x_shop_k1_00",
    "slu_w_Shop_k1_00",
    " slu_w_shop_k1_00",
  ])("reads none from %j", (text) => expect(readClaims(text)).toBeUndefined());
});

describe("hasExpired()", () => {
  it("is true from the very second on", () => {
    expect(hasExpired(EXPIRING, EXPIRING.expiresAt * 1_000 - 1)).toBe(false);
    expect(hasExpired(EXPIRING, EXPIRING.expiresAt * 1_000)).toBe(true);
    expect(hasExpired(CLAIMS, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});
