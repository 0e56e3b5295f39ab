import { describe, expect, test } from "vitest";
import { findingsOf } from "../../../../cli/doctor/finding.ts";
import { formatFindings, toJson } from "../../../../cli/doctor/format.ts";
import { createPaint } from "../../../../cli/parts/paint.ts";
import { accessTo, LOCAL } from "./facts.ts";

const edge = findingsOf("edge");
const redis = findingsOf("redis");
const FINDINGS = [
  edge.ok("answers", "https://edge.test in 4 ms"),
  edge.fail("reaches redis", "failed", "mend Redis", ["redis"]),
  redis.fail("answers", "no answer within 2.5 s", "start redis-server"),
  redis.warn("memory", "much of it", "buy more"),
  redis.skip("version", "set this"),
];
const plain = createPaint({ isTTY: false }, {});

describe("formatFindings()", () => {
  test("tells what was found by part, how to mend it, and where to begin", () => {
    expect(
      formatFindings(FINDINGS, accessTo(), plain),
    ).toBe(`The deployment that SLUICE_URL of the environment names

Edge
  ✓ answers            https://edge.test in 4 ms
  ✗ reaches redis      failed
      → mend Redis

Redis
  ✗ answers            no answer within 2.5 s
      → start redis-server
  ! memory             much of it
      → buy more
  – version            set this

1 well, 1 to look at, 2 failed, 1 not looked at
Begin with: Redis
`);
  });

  test("is short where all is well, and says which stack it was", () => {
    const text = formatFindings([edge.ok("answers", "yes")], { deployment: LOCAL }, plain);
    expect(text).toBe("The local stack in .data\n\nEdge\n  ✓ answers            yes\n\n1 well\n");
  });

  test("lets neither a secret nor a control character through", () => {
    const found = edge.fail(
      "answers",
      "postgres://u:hunter2@db \u001b[2J",
      "slu_w_shop_k_0123456789abcdef",
    );
    const text = formatFindings([found], accessTo(), plain);
    expect(text).toContain("postgres://u:[redacted]@db \\u001b[2J");
    expect(text).toContain("slu_w_shop_k_[redacted]");
    expect(JSON.stringify(toJson([found], accessTo(), 1))).not.toMatch(/hunter2|0123456789abcdef/);
  });

  test("has colours on a terminal that wants them", () => {
    const text = (env: Record<string, string>) =>
      formatFindings(FINDINGS, accessTo(), createPaint({ isTTY: true }, env));
    expect(text({})).toContain("\u001b[31m✗\u001b[0m");
    expect(text({ NO_COLOR: "1" })).not.toContain("\u001b");
    expect(text({ TERM: "dumb" })).not.toContain("\u001b");
  });
});

test("toJson() has all of it", () => {
  expect(toJson(FINDINGS, accessTo(), 1.23456)).toEqual({
    ok: false,
    deployment: { kind: "named", by: ["SLUICE_URL"] },
    begin_with: ["redis"],
    findings: expect.arrayContaining([
      {
        part: "edge",
        what: "answers",
        level: "ok",
        detail: "https://edge.test in 4 ms",
        fix: null,
      },
    ]),
    seconds: 1.235,
  });
  expect(toJson([edge.warn("", "", "")], { deployment: LOCAL }, 0)).toMatchObject({
    ok: true,
    deployment: { kind: "local", data_dir: ".data" },
  });
});
