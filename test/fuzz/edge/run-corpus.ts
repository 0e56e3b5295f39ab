import { isDeepStrictEqual } from "node:util";
import { parseJson } from "../http/judge-exchange.ts";
import type { Tally } from "../tally.ts";
import { type CorpusPlan, corpusPlans } from "./corpus-plans.ts";
import type { ExportedRow } from "./read-rows.ts";
import { type Sending, type Sent, sendPlan } from "./send-plan.ts";

/** The event as it was sent, of each id that has to be read back so. */
export type SentEvents = Map<string, { readonly name: string; readonly event: unknown }>;

/** Sends every entry of every corpus, and answers what has to be found in the store. */
export async function runCorpus(
  sending: Omit<Sending, "onOutcome">,
  tally: Tally,
  concurrency: number,
): Promise<SentEvents> {
  const plans = corpusPlans();
  const sentEvents: SentEvents = new Map();
  const runLane = async () => {
    for (let next = plans.pop(); next !== undefined; next = plans.pop()) {
      const { name, plan } = next;
      const onOutcome = (outcome: string) => tally.count("corpus", outcome);
      const sent = await sendPlan(plan, { ...sending, onOutcome });
      const fault = sent.fault ?? judge(next, sent, sentEvents);
      if (fault !== undefined) {
        tally.fault({
          kind: "corpus",
          text: `${name}: ${fault}`,
          example: JSON.stringify(plan).slice(0, 2_000),
        });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, runLane));
  return sentEvents;
}

function judge(
  { name, plan, expects }: CorpusPlan,
  sent: Sent,
  sentEvents: SentEvents,
): string | undefined {
  const { status = 0, body } = sent.answer ?? {};
  const text = body?.toString() ?? "";
  const accepted = Number((parseJson(text) as { accepted?: number } | undefined)?.accepted ?? 0);
  switch (expects) {
    case undefined:
      return undefined;
    case "refused":
      return status >= 400 && status < 500
        ? undefined
        : `${status}, and should be refused: ${text}`;
    case "neighbours":
      return status === 202 && accepted >= 2 ? undefined : `its neighbours are not stored: ${text}`;
    case "stored":
      if (accepted !== 1) return `${status}, and should be stored: ${text}`;
      break;
    case "as-sent":
      if (accepted !== 1) return undefined;
  }
  // An id that others send too may have several rows.
  if (plan.body?.text.includes("@id@") !== true) return undefined;
  const event = parseJson(sent.body?.toString() ?? "");
  const { event_id: id } = event as { event_id: string };
  sentEvents.set(id.toLowerCase(), { name, event });
  return undefined;
}

/** What of the events that were to be read back as they were sent is not. */
export function compareEvents(
  sentEvents: SentEvents,
  rows: ReadonlyMap<string, ExportedRow>,
): string[] {
  return [...sentEvents].flatMap(([id, { name, event }]) => {
    const row = rows.get(id);
    if (row === undefined) return [];
    const part = differingPart(event as ExportedRow, row);
    return part === undefined
      ? []
      : [`${name}: ${part} is not what was sent: ${JSON.stringify(row).slice(0, 500)}`];
  });
}

function differingPart(sent: ExportedRow, row: ExportedRow): string | undefined {
  for (const name of ["event_type", "user_id", "properties"] as const) {
    // As JSON, which has no -0.
    const value = JSON.parse(JSON.stringify(sent[name] ?? {}));
    if (!isDeepStrictEqual(value, row[name])) return name;
  }
  const [sentMs, rowMs] = [Date.parse(sent.occurred_at), Date.parse(row.occurred_at)];
  return Number.isNaN(sentMs) || sentMs === rowMs ? undefined : "occurred_at";
}
