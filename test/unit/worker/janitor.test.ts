import { expect, test } from "vitest";
import { firstToKeep } from "../../../worker/janitor.ts";

test("firstToKeep() is above the lowest floor of the durable consumers", () => {
  const consumers = [
    { isDurable: true, ackFloor: 90 },
    { isDurable: true, ackFloor: 40 },
    { isDurable: false, ackFloor: 3 },
  ];
  expect(firstToKeep(consumers)).toBe(41);
});

test("firstToKeep() is nothing without a durable consumer", () => {
  expect(firstToKeep([{ isDurable: false, ackFloor: 3 }])).toBeUndefined();
});
