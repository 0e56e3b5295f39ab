import { describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { redact } from "../../../contract/redact.ts";
import { FAKE_CREDS, FAKE_JWT, FAKE_SEED } from "../../support/fake-creds.ts";

const KEY = createKey({ scope: "w", projectId: "shop", kid: "k1" }, "secret");
const EXPIRING = createKey(
  { scope: "a", projectId: "a-b", kid: "k2", expiresAt: 1_900_000_000 },
  "x",
);

describe("redact()", () => {
  it.each([
    [`Bearer ${KEY}`, "Bearer slu_w_shop_k1_[redacted]"],
    [
      `{"a":"${KEY}","b":"${EXPIRING}"}`,
      '{"a":"slu_w_shop_k1_[redacted]","b":"slu_a_a-b_k2_[redacted]"}',
    ],
    [`/v1/events?key=${KEY}&results=all`, "/v1/events?key=slu_w_shop_k1_[redacted]&results=all"],
    [KEY.slice(0, -10), "slu_w_shop_k1_[redacted]"],
    [KEY.replaceAll("_", "%5F"), "slu_w_shop_k1_[redacted]"],
    [`${KEY}${KEY}`, "slu_w_shop_k1_[redacted]"],
    [
      JSON.stringify(`line\n${KEY}\t${KEY}`),
      '"line\\nslu_w_shop_k1_[redacted]\\tslu_w_shop_k1_[redacted]"',
    ],
    [encodeURIComponent(`?key=${KEY}&a=b`), "%3Fkey%3Dslu_w_shop_k1_[redacted]"],
    [`SLUICE_KEY_${KEY}`, "SLUICE_KEY_slu_w_shop_k1_[redacted]"],
    ["postgres://me:se:cret@host/db", "postgres://me:[redacted]@host/db"],
    ["postgres://me:se@c@ret@host/db", "postgres://me:[redacted]@host/db"],
    ["postgres://me:s/e?c#ret@host/db?a=b", "postgres://me:[redacted]@host/db?a=b"],
    ["redis://:secret@host", "redis://:[redacted]@host"],
    [
      'nats://w:p1@a:4222,nats://w:p2@b:4222"',
      'nats://w:[redacted]@a:4222,nats://w:[redacted]@b:4222"',
    ],
    [FAKE_SEED, "SU[redacted]"],
    [FAKE_SEED.replace("SU", "SA"), "SA[redacted]"],
    [FAKE_SEED.slice(0, 40), "SU[redacted]"],
    [JSON.stringify(`a\n${FAKE_SEED}\nb`), '"a\\nSU[redacted]\\nb"'],
    [`Bearer ${FAKE_JWT}`, "Bearer [redacted JWT]"],
    [FAKE_JWT.replace(/\.[^.]*$/, ""), "[redacted JWT]"],
    [JSON.stringify(`a\n${FAKE_JWT}\nb`), '"a\\n[redacted JWT]\\nb"'],
    [`jwt=${FAKE_JWT}&sig=x`, "jwt=[redacted JWT]&sig=x"],
  ])("takes the secret out of %s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it("leaves nothing of a .creds file, as it is or in JSON", () => {
    for (const text of [FAKE_CREDS, JSON.stringify({ err: FAKE_CREDS })]) {
      expect(redact(text)).not.toContain(FAKE_SEED.slice(2));
      for (const part of FAKE_JWT.split(".")) expect(redact(text)).not.toContain(part);
    }
  });

  it("leaves JSON the JSON of the same structure", () => {
    const value = {
      [KEY]: `"${KEY}"\\${KEY}\u0000`,
      urls: ['x://a:"@', "x://a:\\@b", 'x://a:b\\"c@', "x://a:\u0001@", "x://a:b", "@"],
    };
    const redacted: typeof value = JSON.parse(redact(JSON.stringify(value)));
    const hidden = "slu_w_shop_k1_[redacted]";
    expect(redacted[hidden]).toBe(`"${hidden}"\\${hidden}\u0000`);
    expect(redacted.urls).toEqual([
      'x://a:"@',
      "x://a:[redacted]@b",
      'x://a:b\\"c@',
      "x://a:[redacted]@",
      "x://a:b",
      "@",
    ]);
  });

  it.each([
    "slu_w_shop_k1",
    "https://host:8080/path@place",
    "me@example.com",
    "slug_w_a_b_c",
    "SUBSCRIPTION",
    "eyJhIjoxfQ.txt",
  ])("leaves %s alone", (text) => expect(redact(text)).toBe(text));

  it.each([
    "slu_w_",
    "x://",
    "a.",
    "x://a:",
    "://a:b/",
    "://a:b@",
    "slu_w_a-a_a_",
    "%5f",
    "slu%5fw",
    "eyJ",
    "eyJ.eyJ",
    "eyJhhhhhhhhhhhhhh.",
    "SU",
    "SUAAAA",
  ])("takes time in proportion to the length of %j again and again", (unit) => {
    const text = unit.repeat(Math.ceil(300_000 / unit.length));
    expect(redact(text).length).toBeLessThanOrEqual(text.length * 3);
  });
});
