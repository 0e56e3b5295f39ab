import { poll } from "../../support/poll.ts";
import type { FuzzProject } from "./fuzz-project.ts";

const ALL_TIME = "from=0001-01-01&to=2999-12-31";
const DRAIN_TIMEOUT_MS = 120_000;

/** All rows of a project as its own read key gets them: how often each event id is there, and the text of the export. */
export async function readRows(edgeUrl: string, project: FuzzProject) {
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
  const rows = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const { event_id } = JSON.parse(line) as { event_id: string };
    rows.set(event_id, (rows.get(event_id) ?? 0) + 1);
  }
  const stats = await poll("a total", () =>
    get(`/v1/stats/events?interval=total&${ALL_TIME}`).then((response) => response.json()),
  );
  const [total] = (stats as { data: { value: number }[] }).data;
  return { rows, text, total: total?.value ?? 0 };
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
