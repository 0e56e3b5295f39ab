import type { EventRow } from "../../worker/event-row.ts";
import { toRows } from "../support/naive-rows.ts";

export const GENERATED = {
  users: 100_000,
  types: 50,
  eventsPerDay: 33_334,
  /** Where the history ends; it begins as long before as it has events. */
  endMs: Date.parse("2026-06-01T00:00:00Z"),
} as const;

const DAY_MS = 86_400_000;
const PLANS = ["free", "free", "free", "pro", "pro", "team"];
const COUNTRIES = Array.from({ length: 40 }, (_, index) => `c${index}`);

/**
 * Events as skewed as real ones: a few types and users make most of them (the k-th in proportion to 1/k). The same every time. More events
 * are a longer history, not a denser one.
 */
export function* generateRows(projectId: string, count: number, piece: number) {
  const [template] = toRows(projectId, [{ occurredAtMs: 0, eventType: "", userId: "" }]);
  if (template === undefined) throw new TypeError("Cannot generate rows: no template");
  const random = createRandom(42);
  const startMs = GENERATED.endMs - Math.ceil(count / GENERATED.eventsPerDay) * DAY_MS;
  const stepMs = DAY_MS / GENERATED.eventsPerDay;
  for (let from = 0; from < count; from += piece) {
    const rows: EventRow[] = [];
    for (let index = from; index < Math.min(count, from + piece); index += 1) {
      const occurredAtMs = Math.floor(startMs + (index + random()) * stepMs);
      const plan = PLANS[Math.floor(random() * PLANS.length)];
      const country = COUNTRIES[zipf(random(), COUNTRIES.length)];
      const amount = Math.floor(random() * 10_000) / 100;
      rows.push({
        ...template,
        eventId: toUuid(occurredAtMs, index),
        occurredAtMs,
        occurredAt: new Date(occurredAtMs).toISOString(),
        eventType: `type-${zipf(random(), GENERATED.types)}`,
        userId: `user-${zipf(random(), GENERATED.users)}`,
        propertiesJson: `{"plan":"${plan}","country":"${country}","amount":${amount},"path":"/page/${index % 997}"}`,
      });
    }
    yield rows;
  }
}

/** A number below `count`, k with a chance in proportion to 1/(k + 1). */
function zipf(random: number, count: number): number {
  return Math.min(count - 1, Math.floor(Math.exp(random * Math.log(count + 1)) - 1));
}

/** A UUIDv7 of the time, told apart by the index. */
function toUuid(ms: number, index: number): string {
  const time = ms.toString(16).padStart(12, "0");
  const place = ((index * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${index.toString(16).padStart(8, "0").slice(-4)}${place}`;
}

/** mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
