import { z } from "zod";

/** Why one event of a request was not stored. Clients branch on these; docs/http-api.md describes each. */
export const rejectionCodeSchema = z.enum([
  "invalid_json",
  "invalid_event",
  "unknown_field",
  "missing_field",
  "invalid_event_id",
  "invalid_event_type",
  "invalid_user_id",
  "invalid_occurred_at",
  "occurred_at_in_future",
  "occurred_at_too_old",
  "invalid_properties",
  "nested_too_deep",
  "too_many_keys",
  "forbidden_key",
  "repeated_key",
  "unstorable_text",
  "inexact_number",
  "event_too_large",
]);

export type RejectionCode = z.infer<typeof rejectionCodeSchema>;

export type Rejection = {
  readonly code: RejectionCode;
  /** JSON Pointer (RFC 6901) into the event; empty for the event as a whole. */
  readonly pointer: string;
  readonly detail: string;
};
