import { describe, expect, it } from "vitest";
import { groupCounts } from "../../../../worker/cold/make-drafts.ts";

describe("groupCounts()", () => {
  const count = (projectId: string, events: number, month = "2024-01") => ({
    projectId,
    month,
    events,
  });
  const namesOf = (counts: ReturnType<typeof count>[]) =>
    groupCounts(counts, 100).map((group) => group.map(({ projectId }) => projectId).join());

  it("keeps large projects alone and small ones together", () => {
    const counts = [
      count("a", 10),
      count("b", 500),
      count("c", 20),
      count("d", 60),
      count("e", 30),
    ];
    expect(namesOf(counts)).toEqual(["a,c,d", "b", "e"]);
  });

  it("keeps months apart", () => {
    expect(namesOf([count("a", 1), count("a", 1, "2024-02"), count("b", 1, "2024-02")])).toEqual([
      "a",
      "a,b",
    ]);
  });
});
