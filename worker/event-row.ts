import type { Delivery } from "./delivery.ts";

/** One row of table `events`, as the client's text; the database parses and judges it. */
export type EventRow = {
  readonly projectId: string;
  readonly eventId: string;
  readonly occurredAt: string;
  readonly occurredAtMs: number;
  readonly receivedAt: string;
  readonly eventType: string;
  readonly userId: string;
  readonly propertiesJson: string;
  /** The message that brought it: what a dead letter names. */
  readonly source: Delivery;
};
