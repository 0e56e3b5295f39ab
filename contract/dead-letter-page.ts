import { z } from "zod";
import type { UnwrappedLetter } from "./dead-letter.ts";
import { wholeNumber } from "./query-parts.ts";

export const MAX_PAGE_LETTERS = 100;

/** What the worker answers for a page of a project's dead letters, newest first. */
export type DeadLetterPage = {
  readonly letters: readonly UnwrappedLetter[];
  /** The page that follows holds letters before this position in `EVENTS_DEAD`; null when there are none. */
  readonly before: number | null;
};

export const deadLetterPageQuerySchema = z.strictObject({
  limit: wholeNumber(1, MAX_PAGE_LETTERS)
    .default(50)
    .meta({ description: "Letters of a page, at most" }),
  cursor: z.string().optional().meta({ description: "`next_cursor` of the page before" }),
});

export type DeadLetterPageQuery = z.infer<typeof deadLetterPageQuerySchema>;

/** A dead letter as its project's administrator sees it. Positions in streams, which all projects share, are not told. */
export const shownLetterSchema = z
  .object({
    event_id: z.string().nullable().meta({
      description: "Null: the event has none, or the whole message could not be read",
    }),
    reason: z.string().meta({ description: "Why the store cannot hold it; may quote the event" }),
    sqlstate: z.string().optional().meta({ description: "The database's code for the reason" }),
    failed_at: z.string(),
    received_at: z.string().optional().meta({ description: "When the edge received it" }),
    event: z.unknown().optional().meta({
      description: "As it was received; absent when the whole message could not be read",
    }),
  })
  .meta({ id: "DeadLetter" });

export type ShownLetter = z.infer<typeof shownLetterSchema>;

export const shownLetterPageSchema = z
  .object({
    data: z.array(shownLetterSchema),
    next_cursor: z.string().nullable().meta({ description: "Null: there are no older letters" }),
  })
  .meta({ id: "DeadLetterPage" });
