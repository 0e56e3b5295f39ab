import { z } from "zod";
import { instantSchema } from "./instant.ts";
import { filtersSchema } from "./property-filter.ts";
import { checkRange, nameSchema, wholeNumber } from "./query-parts.ts";
import { type StoredEvent, storedEventSchema } from "./receipt.ts";
import { type StoredEventRow, toStoredEvent } from "./stored-event-row.ts";
import { isUtcInstant } from "./utc-instant.ts";
import { isUuid } from "./uuid.ts";

export const MAX_PAGE_EVENTS = 1_000;

/** Where a page begins: after this event, in the order newest first, ties by id. Opaque to clients. */
export type EventPosition = { readonly occurred_at: string; readonly event_id: string };

/** Raw rows, newest first. Without `from` or `to` the range has no such end. */
export const eventPageQuerySchema = z
  .strictObject({
    from: instantSchema.optional().meta({ description: "Not before this time" }),
    to: instantSchema.optional().meta({ description: "Before this time" }),
    event_type: nameSchema.optional().meta({ description: "Only events of this type" }),
    user_id: nameSchema.optional().meta({ description: "Only events of this user" }),
    filters: filtersSchema.default([]),
    limit: wholeNumber(1, MAX_PAGE_EVENTS)
      .default(100)
      .meta({ description: "Events of a page, at most" }),
    cursor: z
      .string()
      .transform((text, context) => {
        const position = decodeCursor(text);
        if (position !== undefined) return position;
        context.addIssue({ code: "custom", message: "is none that an earlier page gave" });
        return z.NEVER;
      })
      .optional()
      .meta({ type: "string", description: "`next_cursor` of the page before" }),
  })
  .superRefine(({ from, to }, context) => {
    if (from !== undefined && to !== undefined) checkRange({ from, to }, context);
  });

/** `cursor` is the position that the client's text stands for. */
export type EventPageQuery = z.infer<typeof eventPageQuerySchema>;

export const eventPageSchema = z
  .object({
    data: z.array(storedEventSchema),
    next_cursor: z.string().nullable().meta({ description: "Null: there are no older events" }),
  })
  .meta({ id: "EventPage" });

export function encodeCursor({ occurred_at, event_id }: EventPosition): string {
  return Buffer.from(`${occurred_at} ${event_id}`).toString("base64url");
}

function decodeCursor(text: string): EventPosition | undefined {
  const [occurred_at = "", event_id = "", ...more] = Buffer.from(text, "base64url")
    .toString()
    .split(" ");
  const isPosition = isUtcInstant(occurred_at) && isUuid(event_id);
  return isPosition && more.length === 0 ? { occurred_at, event_id } : undefined;
}

export type EventPage = {
  /** Newest first. */
  readonly events: readonly StoredEvent[];
  readonly hasMore: boolean;
  readonly asOf: string | null;
  readonly sources: readonly string[];
};

/** The events of a page from one row more than it may have, in any order. */
export function toEventPage(
  rows: readonly StoredEventRow[],
  limit: number,
): Pick<EventPage, "events" | "hasMore"> {
  const order = (row: StoredEventRow) => `${row.occurred_at} ${row.event_id}`;
  const newestFirst = rows.toSorted((a, b) => (order(a) < order(b) ? 1 : -1));
  return { events: newestFirst.slice(0, limit).map(toStoredEvent), hasMore: rows.length > limit };
}
