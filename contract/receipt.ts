import { z } from "zod";

/** A row of the store, as the API shows it. */
export const storedEventSchema = z
  .object({
    event_id: z.string(),
    occurred_at: z.string(),
    received_at: z.string().meta({ description: "When the edge received it" }),
    event_type: z.string(),
    user_id: z.string(),
    properties: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "StoredEvent" });

export type StoredEvent = z.infer<typeof storedEventSchema>;

/** How far one event has come. */
export const receiptSchema = z
  .discriminatedUnion("status", [
    z
      .object({ event_id: z.string(), status: z.literal("accepted") })
      .meta({ description: "Durable, and on its way to the store" }),
    z
      .object({
        event_id: z.string(),
        status: z.literal("stored"),
        event: storedEventSchema,
        others: z.array(storedEventSchema).optional().meta({
          description: "Other rows met with the same id and another `occurred_at`, at most 9",
        }),
      })
      .meta({ description: "Its row is committed" }),
    z
      .object({
        event_id: z.string(),
        status: z.literal("dead"),
        reason: z.string().optional().meta({ description: "For an admin key only" }),
        failed_at: z.string(),
      })
      .meta({ description: "The store cannot hold it; an operator may mend and replay it" }),
  ])
  .meta({ id: "Receipt" });

export type Receipt = z.infer<typeof receiptSchema>;
