import { describe, expect, it } from "vitest";
import { OBJECT_NAME } from "../../../../worker/cold/object-store.ts";
import { monthOf, newFilePath, rangeOfMonth } from "../../../../worker/cold/partition.ts";

describe("newFilePath()", () => {
  it("names project and month, and never twice the same", () => {
    const key = { projectId: "shop-2", month: "2024-03" };
    const [first, second] = [newFilePath(key), newFilePath(key)];
    expect(first).toMatch(/^project=shop-2\/month=2024-03\//);
    expect(first).toMatch(OBJECT_NAME);
    expect(first).not.toBe(second);
  });

  it.each(["../other", "a/b", "", "A", "a b"])(
    "refuses %j, which a path might misread",
    (projectId) => {
      expect(() => newFilePath({ projectId, month: "2024-03" })).toThrow(
        `Cannot name file: project "${projectId}" is no project id`,
      );
    },
  );
});

describe("months", () => {
  it("begin and end in UTC, in leap years too", () => {
    expect(monthOf(Date.UTC(2024, 1, 29, 23, 59, 59, 999))).toBe("2024-02");
    expect(rangeOfMonth("2024-02")).toEqual({ fromMs: Date.UTC(2024, 1), toMs: Date.UTC(2024, 2) });
  });
});
