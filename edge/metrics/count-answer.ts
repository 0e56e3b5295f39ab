import type { IngestAnswer } from "../../contract/ingest-answer.ts";
import type { Admission } from "../admit-events.ts";
import type { EdgeCounters } from "./edge-counters.ts";

/** Counts each event of a request as its sender is told; a request that is answered 429 or 503 comes again and counts then. */
export function countAnswer(
  admissions: readonly Admission[],
  { accepted, duplicate, rejected }: IngestAnswer,
  counters: Pick<EdgeCounters, "events" | "rejections" | "duplicates">,
): void {
  const { events, rejections, duplicates } = counters;
  events.add(accepted, { outcome: "accepted" });
  if (duplicate > 0) events.add(duplicate, { outcome: "duplicate" });
  if (rejected > 0) events.add(rejected, { outcome: "rejected" });
  if (duplicate === 0 && rejected === 0) return;
  for (const admission of admissions) {
    if (admission.status === "duplicate") duplicates.add(1, { found_by: "request" });
    if (admission.status === "rejected") rejections.add(1, { code: admission.rejection.code });
  }
}
