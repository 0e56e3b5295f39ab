import { ingestAnswerSchema } from "../../contract/ingest-answer.ts";
import { type Body, countValid } from "./bodies.ts";
import type { Exchange } from "./exchange.ts";

export type Judgement =
  /** Every valid event is acknowledged, every other one refused. */
  | { readonly kind: "settled" }
  /** The same body has to be sent again, not before `afterMs`. */
  | { readonly kind: "again"; readonly afterMs: number }
  /** None that the API knows for this body. A 500 promises nothing: whether the events are stored is found out by sending them again. */
  | { readonly kind: "strange"; readonly isFinal: boolean };

/** What an answer means to whoever sent `body`. */
export function judgeAnswer({ status, retryAfter, text }: Exchange, body: Body): Judgement {
  if ((status === 429 || status === 503) && /^\d+$/.test(retryAfter ?? "")) {
    return { kind: "again", afterMs: Number(retryAfter) * 1_000 };
  }
  const isRight = status === (countValid(body) > 0 ? 202 : 422) && hasJudgedRightly(text, body);
  return isRight
    ? { kind: "settled" }
    : { kind: "strange", isFinal: status < 500 && status !== 429 };
}

/** Whether the answer counts every event, and rejects those that are invalid and no other. */
function hasJudgedRightly(text: string, { events }: Body): boolean {
  const parsed = ingestAnswerSchema.safeParse(parseJson(text));
  if (!parsed.success) return false;
  const { accepted, duplicate, rejected, results } = parsed.data;
  const isRejected = new Set(
    results.filter(({ status }) => status === "rejected").map(({ index }) => index),
  );
  return (
    accepted + duplicate + rejected === events.length &&
    isRejected.size === rejected &&
    events.every(({ isValid }, index) => isValid !== isRejected.has(index))
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
