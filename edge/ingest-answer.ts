import type { EventResult, IngestAnswer } from "../contract/ingest-answer.ts";
import { redact } from "../contract/redact.ts";
import type { Admission } from "./admit-events.ts";

/** Counts every event of a request once, and lists those that were not simply accepted, or all. */
export function toIngestAnswer(
  admissions: readonly Admission[],
  duplicateIds: ReadonlySet<string>,
  listsAll: boolean,
): IngestAnswer {
  const answer = { accepted: 0, duplicate: 0, rejected: 0, results: [] as EventResult[] };
  for (const [index, admission] of admissions.entries()) {
    const result = toResult(admission, index, duplicateIds);
    answer[result.status] += 1;
    if (listsAll || result.status !== "accepted" || result.id_assigned) answer.results.push(result);
  }
  return answer;
}

function toResult(
  admission: Admission,
  index: number,
  duplicateIds: ReadonlySet<string>,
): EventResult {
  if (admission.status === "rejected") {
    const { eventId, rejection } = admission;
    const { code, pointer, detail } = rejection;
    // All but the code quotes what the client sent, which may be a key in the wrong place.
    const id = eventId === undefined ? {} : { event_id: redact(eventId) };
    const quoted = { pointer: redact(pointer), detail: redact(detail) };
    return { index, ...id, status: "rejected", code, ...quoted };
  }
  if (admission.status === "duplicate") {
    return { index, event_id: admission.eventId, status: "duplicate" };
  }
  const { event_id } = admission.encoded.event;
  if (duplicateIds.has(event_id)) return { index, event_id, status: "duplicate" };
  const assigned = admission.isIdAssigned ? ({ id_assigned: true } as const) : {};
  return { index, event_id, status: "accepted", ...assigned };
}
