import { describe, expect, it } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { redact } from "../../../contract/redact.ts";

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
    ["postgres://me:se:cret@host/db", "postgres://me:[redacted]@host/db"],
    [
      'nats://w:p1@a:4222,nats://w:p2@b:4222"',
      'nats://w:[redacted]@a:4222,nats://w:[redacted]@b:4222"',
    ],
  ])("takes the secret out of %s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each(["slu_w_shop_k1", "https://host:8080/path@place", "me@example.com", "slug_w_a_b_c"])(
    "leaves %s alone",
    (text) => expect(redact(text)).toBe(text),
  );

  it("takes time in proportion to the text", () => {
    const text = `${"slu_w_".repeat(20_000)}${"x://".repeat(20_000)}`;
    expect(redact(text).length).toBeLessThanOrEqual(text.length + 1_000_000);
  });
});
