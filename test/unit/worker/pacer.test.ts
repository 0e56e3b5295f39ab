import { describe, expect, test } from "vitest";
import { createPacer } from "../../../worker/pacer.ts";

describe("createPacer()", () => {
  test("waits until what was taken fits the rate", () => {
    const clock = { ms: 1_000 };
    const pacer = createPacer(100, () => clock.ms);
    expect(pacer.waitMs).toBe(0);
    pacer.take(50);
    pacer.take(25);
    expect(pacer.waitMs).toBe(750);
    clock.ms += 500;
    expect(pacer.waitMs).toBe(250);
    clock.ms += 500;
    expect(pacer.waitMs).toBe(0);
  });

  test("does not make up for a time without events by a burst", () => {
    const clock = { ms: 0 };
    const pacer = createPacer(100, () => clock.ms);
    clock.ms += 60_000;
    pacer.take(100);
    expect(pacer.waitMs).toBe(1_000);
  });

  test("asks for about a second's worth of messages", () => {
    const pacer = createPacer(1_000, () => 0);
    expect(pacer.messagesAtOnce).toBe(1);
    pacer.take(100);
    pacer.take(300);
    expect(pacer.messagesAtOnce).toBe(5);
    for (let message = 0; message < 10; message += 1) pacer.take(5_000);
    expect(pacer.messagesAtOnce).toBe(1);
  });

  test("counts a message without events as one", () => {
    const pacer = createPacer(10, () => 0);
    pacer.take(0);
    expect(pacer.waitMs).toBe(0);
    expect(pacer.messagesAtOnce).toBe(10);
  });
});
