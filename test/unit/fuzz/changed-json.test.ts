import fc from "fast-check";
import { expect, it } from "vitest";
import { changedJson } from "../../fuzz/generators/changed-json.ts";

const VALUE = { a: [1, { b: "x" }], c: null };

it("changedJson() changes a value at every place, now and then not at all", () => {
  const texts = new Set(fc.sample(changedJson(VALUE), { seed: 1, numRuns: 2_000 }));
  for (const expected of [
    JSON.stringify(VALUE),
    '{"a":[1,{"b":"x"}]}',
    '{"a":[1],"c":null}',
    '{"a":[1,{}],"c":null}',
    '{"a":[1,1,{"b":"x"}],"c":null}',
    '{"a":[1,{"b":"x"}],"c":null,"c":null}',
    "null",
  ]) {
    expect(texts).toContain(expected);
  }
});
