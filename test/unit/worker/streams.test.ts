import { expect, test } from "vitest";
import { ConfigMismatchError, findDifferences } from "../../../worker/streams.ts";

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

test("ConfigMismatchError names the option, what is wanted and what was found", () => {
  const error = new ConfigMismatchError("stream", "EVENTS", [
    { option: "allow_direct", wanted: true, found: undefined },
    { option: "storage", wanted: "file", found: "memory" },
  ]);
  expect(error.message).toBe(
    'Cannot use stream "EVENTS": allow_direct is absent, wanted true; storage is "memory", wanted "file"',
  );
});
