import type { EventResult } from "../../contract/ingest-answer.ts";
import { describeRefusal, parseObject } from "../describe-refusal.ts";

/** What one attempt to send a batch came to. */
export type Answer =
  | {
      readonly kind: "settled";
      readonly accepted: number;
      readonly duplicate: number;
      readonly rejected: number;
      readonly results: readonly EventResult[];
    }
  /** Send the same body again. */
  | { readonly kind: "busy"; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** Sending it again changes nothing. */
  | { readonly kind: "refused"; readonly reason: string };

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
};

/** Reads the reply to a batch of `eventCount` events. */
export function readAnswer(reply: Reply, eventCount: number, nowMs: number): Answer {
  const { status, headers } = reply;
  const body = parseObject(reply.text);
  if (status === 202 || (status === 422 && Array.isArray(body.results))) {
    return readResults(body, eventCount) ?? { kind: "refused", reason: NOT_SLUICE(status) };
  }
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(headers.get("retry-after"), nowMs);
    return { kind: "busy", reason: describeRefusal(status, body), retryAfterMs };
  }
  if (status >= 300 && status < 400) {
    const location = headers.get("location") ?? "nowhere";
    return {
      kind: "refused",
      reason: `it answered ${status}, pointing to ${location}: give that server as --url`,
    };
  }
  if (status < 400) return { kind: "refused", reason: NOT_SLUICE(status) };
  return { kind: "refused", reason: describeRefusal(status, body) };
}

/** `Retry-After` (RFC 9110 §10.2.3) is a number of seconds or a date. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

const NOT_SLUICE = (status: number) =>
  `it answered ${status} without the result of every event: is this the address of a Sluice edge?`;

/** Undefined where the numbers do not cover every event that was sent: nobody could tell what became of the others. */
function readResults(body: Record<string, unknown>, eventCount: number): Answer | undefined {
  const { accepted, duplicate, rejected, results } = body;
  if (!isCount(accepted) || !isCount(duplicate) || !isCount(rejected)) return undefined;
  if (!Array.isArray(results) || !results.every(isEventResult)) return undefined;
  if (accepted + duplicate + rejected !== eventCount) return undefined;
  const rejections = results.filter((result) => result.status === "rejected");
  if (rejections.length !== rejected || rejections.some(({ index }) => index >= eventCount)) {
    return undefined;
  }
  return { kind: "settled", accepted, duplicate, rejected, results: rejections };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isEventResult(value: unknown): value is EventResult {
  if (typeof value !== "object" || value === null) return false;
  const { index, status } = value as Partial<EventResult>;
  return isCount(index) && typeof status === "string";
}
