import { type EventPage, encodeCursor } from "../../contract/event-page.ts";
import type { EventReading } from "../../contract/event-reading.ts";
import type { StatsReading } from "../../contract/stats-row.ts";
import type { StoreQueryInput } from "../../contract/store-api.ts";
import type { StoreReader } from "./store-reader.ts";
import type { WorkerClient } from "./worker-client.ts";

/** The worker may read files, which takes longer than the database's aggregates. */
const TIMEOUT_MS = 10_000;

/** Asks the worker, which reads every tier of every store. */
export function createWorkerReader(worker: Pick<WorkerClient, "ask">): StoreReader {
  const ask = <Answer>(query: StoreQueryInput, timeout_ms = TIMEOUT_MS) =>
    worker.ask<Answer>("/query", { ...query, timeout_ms }, timeout_ms);
  return {
    readStats: (project_id, query) => ask<StatsReading>({ read: "stats", project_id, query }),

    readPage(project_id, { cursor, ...query }) {
      const input = cursor === undefined ? query : { ...query, cursor: encodeCursor(cursor) };
      return ask<EventPage>({ read: "page", project_id, query: input });
    },

    findEvent: (project_id, event_id) => ask<EventReading>({ read: "event", project_id, event_id }),

    async hasAll(project_id, wanted, timeoutMs) {
      const { stored } = await ask<{ readonly stored: number }>(
        {
          read: "stored",
          project_id,
          wanted: wanted.map(({ eventId, occurredAt }) => ({
            event_id: eventId,
            ...(occurredAt === undefined ? {} : { occurred_at: occurredAt }),
          })),
        },
        Math.max(1, Math.min(Math.round(timeoutMs), TIMEOUT_MS)),
      );
      return stored === wanted.length;
    },
  };
}
