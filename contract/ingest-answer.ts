import { z } from "zod";
import { rejectionCodeSchema } from "./rejection.ts";

/** What became of one event of a request. */
export const eventResultSchema = z
  .object({
    index: z.int().meta({ description: "Position in the request, from 0" }),
    event_id: z.string().optional().meta({ description: "Absent when the event has none to tell" }),
    status: z.enum(["accepted", "duplicate", "rejected"]),
    id_assigned: z
      .literal(true)
      .optional()
      .meta({ description: "The edge made the id: a retry would store it again" }),
    code: rejectionCodeSchema.optional(),
    pointer: z.string().optional().meta({ description: "JSON Pointer into the event" }),
    detail: z.string().optional(),
  })
  .meta({ id: "EventResult" });

export type EventResult = z.infer<typeof eventResultSchema>;

/** The answer to `POST /v1/events`. Every event of the request is counted once. */
export const ingestAnswerSchema = z
  .object({
    accepted: z.int(),
    duplicate: z.int(),
    rejected: z.int(),
    stored: z
      .boolean()
      .optional()
      .meta({ description: "With ?wait=stored: whether every row is committed" }),
    results: z
      .array(eventResultSchema)
      .meta({ description: "What was not simply accepted; with ?results=all everything" }),
  })
  .meta({ id: "IngestAnswer" });

export type IngestAnswer = z.infer<typeof ingestAnswerSchema>;
