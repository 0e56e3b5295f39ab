import { randomUUID } from "node:crypto";

export type BenchEvent = {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly event_type: string;
  readonly user_id: string;
  readonly properties: Record<string, unknown>;
};

const TYPES = ["page_viewed", "button_clicked", "signed_up", "item_added", "order_placed"];

/** A product event of about 300 bytes, at the present moment, with an id of its own. */
export function createBenchEvent(index: number): BenchEvent {
  return {
    event_id: randomUUID(),
    occurred_at: new Date().toISOString(),
    event_type: TYPES[index % TYPES.length] ?? "page_viewed",
    user_id: `user-${(index * 7919) % 5000}`,
    properties: {
      path: `/products/${index % 400}`,
      referrer: "https://search.example/results",
      country: ["DE", "FR", "US", "JP"][index % 4],
      plan: index % 3 === 0 ? "pro" : "free",
      duration_ms: (index * 37) % 1000,
    },
  };
}

export function createBenchEvents(count: number): BenchEvent[] {
  return Array.from({ length: count }, (_, index) => createBenchEvent(index));
}
