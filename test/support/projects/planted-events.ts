import type { Event } from "../../../contract/event.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import type { NaiveEvent } from "../naive-stats.ts";

/** Names near each other: one begins another, or sorts right beside it. */
export const PROJECTS = ["shop", "shop-2", "a", "a-b"] as const;
export type PlantedProject = (typeof PROJECTS)[number];

/** In every text of a planted event but its id and time: wherever this stands, an event's content stands. */
export const PLANTED = "planted";
/** A user of every project. */
export const SHARED_USER = `${PLANTED}-user-1`;

export function isPlanted(projectId: string): boolean {
  return PROJECTS.some((id) => id === projectId);
}

/** Stands in values of the project's events alone. Its end keeps one mark from beginning another. */
export function markOf(projectId: PlantedProject): string {
  return `${PLANTED}.by.${projectId};`;
}

const DAY_MS = 86_400_000;
const SHARED_EVENTS = 60;
const TYPES = ["visit", "signup", "buy"];

export type Planting = {
  /** Where the older half of the events begins, and where the newer one does. */
  readonly oldFromMs: number;
  readonly newFromMs: number;
  /** Each has most of them. */
  readonly sharedIds: readonly string[];
  eventsOf(projectId: PlantedProject): Event[];
};

/**
 * The same ids, times, users, types and properties in every project, half of them old enough to be archived. Each project lacks some that
 * the others have, gives others to the users, and says in a property whose it is; two events are its own alone.
 */
export function createPlanting(nowMs: number): Planting {
  const todayMs = nowMs - (nowMs % DAY_MS);
  const oldFromMs = todayMs - 75 * DAY_MS;
  const newFromMs = todayMs - 5 * DAY_MS;
  const shared = Array.from({ length: SHARED_EVENTS }, (_, number) => {
    const isOld = number < SHARED_EVENTS / 2;
    const timeMs = (isOld ? oldFromMs : newFromMs) + (number % 30) * 3 * 3_600_000;
    return { number, timeMs, id: number % 2 === 0 ? crypto.randomUUID() : createUuidV7(timeMs) };
  });
  return {
    oldFromMs,
    newFromMs,
    sharedIds: shared.map(({ id }) => id),
    eventsOf(projectId) {
      const place = PROJECTS.indexOf(projectId);
      const mark = markOf(projectId);
      const own = [oldFromMs, newFromMs].map((timeMs) => ({
        event_id: crypto.randomUUID(),
        event_type: `type ${mark}`,
        user_id: `user ${mark}`,
        occurred_at: new Date(timeMs + 3_600_000).toISOString(),
        properties: { owner: mark },
      }));
      const alike = shared
        .filter(({ number }) => number % 7 !== place)
        .map(({ number, timeMs, id }) => ({
          event_id: id,
          event_type: `${PLANTED}-${TYPES[number % 3]}`,
          user_id: `${PLANTED}-user-${(number + place) % 5}`,
          occurred_at: new Date(timeMs).toISOString(),
          properties: { owner: mark, plan: `${PLANTED}-plan-${number % 2}`, number },
        }));
      return [...alike, ...own];
    },
  };
}

export function toNaive({ occurred_at, event_type, user_id, properties }: Event): NaiveEvent {
  return {
    occurredAtMs: Date.parse(occurred_at),
    eventType: event_type,
    userId: user_id,
    properties,
  };
}
