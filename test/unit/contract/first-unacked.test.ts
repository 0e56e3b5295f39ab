import { expect, test } from "vitest";
import { findFirstUnacked } from "../../../contract/first-unacked.ts";

test.each<[string, [number, number, number], number, number | undefined]>([
  ["an empty stream", [1, 0, 0], 0, undefined],
  ["everything acknowledged", [1, 10, 10], 10, undefined],
  ["some not acknowledged", [1, 10, 10], 6, 7],
  ["nothing acknowledged", [1, 10, 10], 0, 1],
  ["purged below the first", [8, 10, 3], 2, 8],
  ["purged altogether", [11, 10, 0], 2, undefined],
])("findFirstUnacked() %s", (_, [first_seq, last_seq, messages], floor, expected) => {
  const stream = { state: { first_seq, last_seq, messages } };
  const consumer = { num_pending: 0, num_ack_pending: 0, ack_floor: { stream_seq: floor } };
  expect(findFirstUnacked(stream, consumer)).toBe(expected);
});
