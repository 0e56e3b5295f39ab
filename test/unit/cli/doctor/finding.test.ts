import { expect, test } from "vitest";
import { beginWith, findingsOf } from "../../../../cli/doctor/finding.ts";

const edge = findingsOf("edge");
const redis = findingsOf("redis");
const rest = findingsOf("redis-http");

test.each([
  ["nothing failed", [edge.ok("a", ""), edge.warn("b", "", "")], []],
  ["a part by itself", [edge.fail("a", "", "")], ["edge"]],
  [
    "what failed along with another",
    [
      edge.fail("reaches redis", "", "", ["redis-http", "redis"]),
      rest.fail("answers", "", "", ["redis"]),
      redis.fail("answers", "", ""),
    ],
    ["redis"],
  ],
  ["what has a reason that is well", [rest.fail("a", "", "", ["redis"])], ["redis-http"]],
  [
    "a part that has also failed by itself",
    [
      edge.fail("reaches redis", "", "", ["redis"]),
      edge.fail("metrics", "", ""),
      redis.fail("", "", ""),
    ],
    ["edge", "redis"],
  ],
])("beginWith() names the roots of %s", (_, findings, expected) => {
  expect(beginWith(findings)).toEqual(expected);
});
