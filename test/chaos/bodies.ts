import { randomUUID } from "node:crypto";
import { createUuidV7 } from "../../contract/uuid.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";

export type SentEvent = {
  readonly sequence: number;
  readonly json: string;
  readonly isValid: boolean;
};
export type Body = {
  readonly events: readonly SentEvent[];
  /** Then the events have no id of their own: theirs come from the key and their place in the body. */
  readonly idempotencyKey?: string;
  /** How many of the events were acknowledged before this body was made. */
  readonly repeats: number;
};

const MAX_EVENTS = 200;
/** Acknowledged bodies that can still be repeated. */
const REMEMBERED_BODIES = 50;
const REPEAT_SHARE = 0.04;
const MIX_SHARE = 0.05;
const IDEMPOTENCY_KEY_SHARE = 0.1;
/** Of bodies, to hold an event that no edge may take. */
const INVALID_SHARE = 0.03;

/** What one client posts: mostly new events, now and then what is acknowledged already, whole bodies or single events in other company. */
export type Bodies = {
  next(): Body;
  /** To be repeated later. */
  remember(body: Body): void;
};

export function createBodies(ledger: Ledger, random: Random): Bodies {
  const remembered: Body[] = [];

  return {
    next() {
      if (remembered.length > 0 && random.next() < REPEAT_SHARE) {
        const body = random.pick(remembered);
        return { ...body, repeats: countValid(body) };
      }
      // Few large bodies, many small ones.
      const count = Math.ceil(MAX_EVENTS * random.next() ** 3);
      if (random.next() < IDEMPOTENCY_KEY_SHARE) {
        const events = createMany(count, () => createEvent({}));
        return { events, idempotencyKey: randomUUID(), repeats: 0 };
      }
      const fresh = createMany(count, () => createEvent({ event_id: createUuidV7(Date.now()) }));
      const old = remembered.length > 0 && random.next() < MIX_SHARE ? takeFromOld() : [];
      const invalid = random.next() < INVALID_SHARE ? [createEvent({ event_id: "invalid" })] : [];
      // Some bodies hold nothing else.
      const isRefusedWhole = invalid.length > 0 && random.next() < 0.2;
      return isRefusedWhole
        ? { events: invalid, repeats: 0 }
        : { events: random.shuffle([...fresh, ...old, ...invalid]), repeats: old.length };
    },
    remember(body) {
      remembered.push(body);
      if (remembered.length > REMEMBERED_BODIES) remembered.shift();
    },
  };

  function createEvent(identity: { readonly event_id?: string }): SentEvent {
    const sequence = ledger.next();
    const claims = {
      ...identity,
      occurred_at: new Date().toISOString(),
      user_id: `user-${sequence % 1_000}`,
    };
    const json = JSON.stringify({
      ...claims,
      event_type: `type-${sequence % 7}`,
      // By which its row is found again, and compared with what was sent.
      properties: { sequence, ...claims },
    });
    return { sequence, json, isValid: identity.event_id !== "invalid" };
  }

  function takeFromOld(): readonly SentEvent[] {
    const { events, idempotencyKey } = random.pick(remembered);
    if (idempotencyKey !== undefined) return [];
    const valid = events.filter(({ isValid }) => isValid);
    return valid.slice(0, random.integer(0, valid.length));
  }
}

export function countValid({ events }: Pick<Body, "events">): number {
  return events.filter(({ isValid }) => isValid).length;
}

function createMany<T>(count: number, create: () => T): T[] {
  return Array.from({ length: count }, create);
}
