import { expect, test } from "vitest";
import { createInFlight } from "../../../worker/in-flight.ts";

test("createInFlight() counts bytes and lends room again when messages are settled", async () => {
  const inFlight = createInFlight(100, () => {});
  const log: string[] = [];
  inFlight.add(message(1, 60, log));
  inFlight.add(message(2, 60, log));
  expect(inFlight.freeBytes).toBe(0);
  let hasRoom = false;
  const room = inFlight.waitForRoom(new AbortController().signal).then(() => {
    hasRoom = true;
  });
  await Promise.resolve();
  expect(hasRoom).toBe(false);
  inFlight.ack(1);
  await room;
  expect(inFlight.freeBytes).toBe(40);
  expect(log).toEqual(["ack 1"]);
});

test("createInFlight() holds a redelivered message once and settles its newest delivery", () => {
  const inFlight = createInFlight(100, () => {});
  const log: string[] = [];
  expect(inFlight.add(message(1, 60, log, "first"))).toBe(true);
  expect(inFlight.add(message(1, 60, log, "second"))).toBe(false);
  expect(inFlight.freeBytes).toBe(40);
  inFlight.ack(1);
  inFlight.ack(1);
  expect(log).toEqual(["ack second"]);
});

test("createInFlight() extends and gives back everything held", () => {
  const inFlight = createInFlight(100, () => {});
  const log: string[] = [];
  inFlight.add(message(1, 10, log));
  inFlight.add(message(2, 10, log));
  inFlight.extend();
  inFlight.nakAll();
  expect(log).toEqual(["working 1", "working 2", "nak 1", "nak 2"]);
  expect(inFlight.count).toBe(0);
});

test("createInFlight() tells of each delivery that is settled, once", () => {
  const settled: string[] = [];
  const inFlight = createInFlight(100, (settlement) => settled.push(settlement));
  for (const sequence of [1, 2, 3, 4, 5]) inFlight.add(message(sequence, 10, []));
  inFlight.ack(1);
  inFlight.ack(1);
  inFlight.term(2, "");
  inFlight.nak(3, 0);
  inFlight.nakAll();
  expect(settled).toEqual(["ack", "term", "nak", "nak", "nak"]);
  expect([inFlight.bytes, inFlight.maxBytes]).toEqual([0, 100]);
});

test("createInFlight() waits no longer than the worker runs", async () => {
  const inFlight = createInFlight(1, () => {});
  inFlight.add(message(1, 10, []));
  const stop = new AbortController();
  const room = inFlight.waitForRoom(stop.signal);
  stop.abort();
  await room;
});

test("createInFlight() settles disowned messages without a word, and those after them as ever", async () => {
  const inFlight = createInFlight(100, () => {});
  const log: string[] = [];
  for (let seq = 1; seq <= 4; seq += 1) inFlight.add(message(seq, 10, log));
  inFlight.disown();
  let isEmpty = false;
  const empty = inFlight.waitUntilEmpty(new AbortController().signal).then(() => {
    isEmpty = true;
  });
  inFlight.extend();
  inFlight.ack(1);
  inFlight.term(2, "");
  inFlight.nak(3, 0);
  await Promise.resolve();
  expect(isEmpty).toBe(false);
  inFlight.nakAll();
  await empty;
  expect(log).toEqual([]);
  expect(inFlight.freeBytes).toBe(100);
  inFlight.add(message(1, 10, log, "of the new consumer"));
  inFlight.ack(1);
  expect(log).toEqual(["ack of the new consumer"]);
});

function message(seq: number, bytes: number, log: string[], name = String(seq)) {
  return {
    seq,
    data: new Uint8Array(bytes),
    ack: () => log.push(`ack ${name}`),
    nak: () => log.push(`nak ${name}`),
    term: () => log.push(`term ${name}`),
    working: () => log.push(`working ${name}`),
  };
}
