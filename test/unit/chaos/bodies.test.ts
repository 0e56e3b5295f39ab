import { describe, expect, it } from "vitest";
import { type Body, createBodies } from "../../chaos/bodies.ts";
import { createLedger } from "../../chaos/ledger.ts";
import { createRandom } from "../../chaos/random.ts";

/** What a client posts in the course of 2,000 bodies, each of which is acknowledged. */
function createMany(seed: number): Body[] {
  const bodies = createBodies(createLedger(), createRandom(seed));
  return Array.from({ length: 2_000 }, () => {
    const body = bodies.next();
    bodies.remember(body);
    return body;
  });
}

describe("createBodies()", () => {
  const bodies = createMany(1);

  it("makes bodies of 1 to 200 new events, and what it mixes in", () => {
    const fresh = bodies.filter(({ repeats }) => repeats === 0);
    const sizes = fresh.map(({ events }) => events.length);
    expect(Math.min(...sizes)).toBe(1);
    expect(Math.max(...sizes)).toBeGreaterThan(150);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(201);
  });

  it("repeats at least one event of a hundred, with the same text", () => {
    const texts = new Map<number, Set<string>>();
    let repeats = 0;
    for (const { events } of bodies) {
      for (const { sequence, json } of events) {
        const known = texts.get(sequence);
        if (known !== undefined) repeats += 1;
        texts.set(sequence, (known ?? new Set()).add(json));
      }
    }
    expect(repeats).toBeGreaterThan(texts.size / 100);
    expect([...texts.values()].filter(({ size }) => size > 1)).toEqual([]);
  });

  it("counts as repeats what was acknowledged before", () => {
    const known = new Set<number>();
    for (const { events, repeats } of bodies) {
      const valid = events.filter(({ isValid }) => isValid);
      expect(repeats).toBe(valid.filter(({ sequence }) => known.has(sequence)).length);
      for (const { sequence } of events) known.add(sequence);
    }
  });

  it("leaves the id of every event to the edge where it sends an Idempotency-Key", () => {
    const keyed = bodies.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
    expect(keyed.length).toBeGreaterThan(0);
    const ids = keyed.flatMap(({ events }) => events.map(({ json }) => JSON.parse(json).event_id));
    expect(new Set(ids)).toEqual(new Set([undefined]));
  });

  it("sends invalid events, alone and among valid ones", () => {
    const refused = bodies.filter(({ events }) => events.some(({ isValid }) => !isValid));
    const isAlone = new Set(refused.map(({ events }) => events.length === 1));
    expect(isAlone).toEqual(new Set([true, false]));
  });
});
