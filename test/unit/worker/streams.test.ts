import { expect, test } from "vitest";
import { ConfigMismatchError } from "../../../worker/streams.ts";

test("ConfigMismatchError names the option, what is wanted and what was found", () => {
  const error = new ConfigMismatchError("stream", "EVENTS", [
    { option: "allow_direct", wanted: true, found: undefined },
    { option: "storage", wanted: "file", found: "memory" },
  ]);
  expect(error.message).toBe(
    'Cannot use stream "EVENTS": allow_direct is absent, wanted true; storage is "memory", wanted "file"',
  );
});
