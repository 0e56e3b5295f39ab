import { parseJson } from "../http/judge-exchange.ts";
import { WORKER_TOKEN } from "../worker/worker-parts.ts";
import { MARKS } from "../worker/worker-plan.ts";

const RANGE = { from: "2024-01-01T00:00:00Z", to: "2024-04-01T00:00:00Z" };
const TIMEOUT_MS = 20_000;

export type ColdAnswer = { readonly status: number; readonly text: string };

/** What is asked of the cold tier: each kind of reading. */
export function questionsFor(
  project_id: string,
  eventId: string,
): readonly (readonly [string, object])[] {
  const stats = (query: object) => ({ read: "stats", project_id, query: { ...RANGE, ...query } });
  return [
    [
      "/query",
      stats({ kind: "events", interval: "day", measure: "users", breakdown: "event_type" }),
    ],
    [
      "/query",
      stats({
        kind: "events",
        interval: "total",
        filters: [{ field: "properties.mark", op: "eq", value: MARKS[project_id] }],
      }),
    ],
    ["/query", { read: "page", project_id, query: { ...RANGE, limit: 1_000 } }],
    ["/query", { read: "event", project_id, event_id: eventId }],
    ["/query", { read: "stored", project_id, wanted: [{ event_id: eventId }] }],
    ["/export", { project_id, ...RANGE, format: "ndjson" }],
  ];
}

/** The answer without what differs from time to time: when it was right, and the order of statistics' rows. A connection that is cut in the middle is no answer: status 0. */
export async function askCold(url: string, path: string, body: object): Promise<ColdAnswer> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${WORKER_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, text: response.ok ? normalize(text) : text };
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
    return { status: isTimeout ? -1 : 0, text: String(error) };
  }
}

function normalize(text: string): string {
  const answer = parseJson(text) as { asOf?: string; rows?: readonly object[] } | undefined;
  if (answer?.asOf === undefined) return text;
  const { asOf, rows, ...others } = answer;
  return JSON.stringify({ ...others, rows: rows?.map((row) => JSON.stringify(row)).sort() });
}
