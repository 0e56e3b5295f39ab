import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../../contract/problem.ts";
import { rejectionCodeSchema } from "../../../contract/rejection.ts";

const docs = readFileSync(new URL("../../../docs/http-api.md", import.meta.url), "utf8");

describe("docs/http-api.md", () => {
  it.each(Object.entries(PROBLEMS))(
    "describes the problem %s with its status",
    (slug, { status }) => {
      expect(docs).toContain(`| \`${slug}\` | ${status} |`);
    },
  );

  it("describes no other problem", () => {
    const documented = [...docs.matchAll(/^\| `([a-z-]+)` \| [45]\d\d \|/gm)].map(
      ([, slug]) => slug,
    );
    expect(documented.sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it.each(rejectionCodeSchema.options)("names the rejection %s", (code) => {
    expect(docs).toContain(`\`${code}\``);
  });
});
