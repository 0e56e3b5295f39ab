import { expect, test } from "vitest";
import { findDifferences } from "../../../contract/stream-wish.ts";

test("findDifferences() lists what differs and takes an absent option for zero or false", () => {
  const wish = { storage: "file", max_bytes: 10, allow_direct: false, subjects: ["events.>"] };
  expect(findDifferences(wish, { storage: "file", max_bytes: 10, subjects: ["events.>"] })).toEqual(
    [],
  );
  expect(findDifferences(wish, { storage: "memory", max_bytes: 10, subjects: ["e.>"] })).toEqual([
    { option: "storage", wanted: "file", found: "memory" },
    { option: "subjects", wanted: ["events.>"], found: ["e.>"] },
  ]);
});
