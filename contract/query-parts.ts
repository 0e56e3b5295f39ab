import { z } from "zod";
import { instantSchema } from "./instant.ts";
import { MAX_TEXT_CHARACTERS } from "./limits.ts";
import { hasUnstorableText } from "./properties.ts";
import { countBuckets, type Interval } from "./time-buckets.ts";

/** Of one answer: far more than a chart shows, and little enough for the edge to fill and send. */
export const MAX_BUCKETS = 10_000;

/** What questions of every kind are made of. */
export const fromSchema = instantSchema.meta({
  type: "string",
  description: "Start of the range, inside it: a date (midnight UTC) or RFC 3339 with offset",
  example: "2024-03-01",
});
export const toSchema = instantSchema.meta({
  type: "string",
  description: "End of the range, outside it: a date (midnight UTC) or RFC 3339 with offset",
  example: "2024-04-01",
});
export const intervalSchema = oneOf(["day", "week", "month"]).meta({
  description: "Length of a bucket, in UTC; weeks start on Monday",
  example: "day",
});
/** Of an event's type, and of a user's id. */
export const nameSchema = z
  .string({ error: "must be text" })
  .min(1, { error: "is empty" })
  .max(MAX_TEXT_CHARACTERS, { error: `is longer than ${MAX_TEXT_CHARACTERS} characters` })
  .refine((text) => !hasUnstorableText(text), { error: "holds a NUL or a lone surrogate" });

/** `pointer` is a JSON Pointer (RFC 6901) into the query: `/limit`. */
export type QueryFault = { readonly pointer: string; readonly detail: string };

/** Everything that is wrong with a query, or with asking it of this much data. */
export class StatsQueryError extends Error {
  override readonly name = "StatsQueryError";
  readonly faults: readonly QueryFault[];

  constructor(faults: readonly QueryFault[]) {
    super(`Cannot answer query: ${faults.map((fault) => fault.detail).join("; ")}`);
    this.faults = faults;
  }
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  const error = `must be ${values.join(", ").replace(/, ([^,]*)$/, " or $1")}`;
  return z.enum(values, { error });
}

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  // Abort: the query as a whole is not judged by a number that is refused already.
  return z.int({ error }).min(min, { error, abort: true }).max(max, { error, abort: true });
}

export type Range = { readonly from: string; readonly to: string };

/** Says whether the range is in order, and reports it if not. */
export function checkRange({ from, to }: Range, context: z.RefinementCtx): boolean {
  if (Date.parse(from) < Date.parse(to)) return true;
  context.addIssue({ code: "custom", path: ["to"], message: "must be later than from" });
  return false;
}

export function checkBuckets(range: Range, interval: Interval, context: z.RefinementCtx): boolean {
  if (!checkRange(range, context)) return false;
  const buckets = countBuckets(Date.parse(range.from), Date.parse(range.to), interval);
  if (buckets <= MAX_BUCKETS) return true;
  const message = `${interval} cuts the range into ${buckets} buckets, at most ${MAX_BUCKETS} are answered`;
  context.addIssue({ code: "custom", path: ["interval"], message });
  return false;
}
