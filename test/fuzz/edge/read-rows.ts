import { poll } from "../../support/poll.ts";
import type { FuzzProject } from "./fuzz-project.ts";

const ALL_TIME = "from=0001-01-01&to=2999-12-31";
const DRAIN_TIMEOUT_MS = 120_000;

export type ExportedRow = {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly event_type: string;
  readonly user_id: string;
  readonly properties: unknown;
};

export type Rows = {
  /** How often each event id is there. */
  readonly counts: ReadonlyMap<string, number>;
  /** Those of the wanted ids. */
  readonly wanted: ReadonlyMap<string, ExportedRow>;
  /** The export as it came. */
  readonly text: string;
  /** What statistics say that there is. */
  readonly total: number;
};

/** All rows of a project as its own read key gets them, once everything acknowledged is there. */
export async function readRows(
  edgeUrl: string,
  project: FuzzProject,
  isWanted: (id: string) => boolean,
): Promise<Rows> {
  const get = async (path: string) => {
    const response = await fetch(`${edgeUrl}${path}`, {
      headers: { authorization: `Bearer ${project.keys.r}`, "cache-control": "no-cache" },
      signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`Cannot read ${path}: ${response.status}`);
    return response;
  };
  await poll("everything counted", () => isDrained(get), DRAIN_TIMEOUT_MS);
  const text = await poll("an export", async () => (await get(`/v1/export?${ALL_TIME}`)).text());
  const counts = new Map<string, number>();
  const wanted = new Map<string, ExportedRow>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const row = JSON.parse(line) as ExportedRow;
    counts.set(row.event_id, (counts.get(row.event_id) ?? 0) + 1);
    if (isWanted(row.event_id)) wanted.set(row.event_id, row);
  }
  const stats = await poll("a total", () =>
    get(`/v1/stats/events?interval=total&${ALL_TIME}`).then((response) => response.json()),
  );
  const [total] = (stats as { data: { value: number }[] }).data;
  return { counts, wanted, text, total: total?.value ?? 0 };
}

/** Whether statistics count everything that was acknowledged when this began. */
async function isDrained(get: (path: string) => Promise<Response>): Promise<boolean> {
  const startedMs = Date.now();
  return poll("fresh statistics", async () => {
    const response = await get("/v1/stats/top-events?from=2000-01-01&to=2000-01-02&limit=1");
    const { meta } = (await response.json()) as { meta: { as_of: string | null } };
    return meta.as_of !== null && Date.parse(meta.as_of) > startedMs;
  });
}
