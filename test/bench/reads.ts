import postgres, { type Sql } from "postgres";
import type { StatsKind } from "../../contract/stats-query.ts";
import { parseStatsSearch } from "../../contract/stats-search.ts";
import { compileStats } from "../../sql/timescale/compile-stats.ts";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";
import { startStack } from "../support/stack.ts";
import { createStackClient } from "../support/stack-client.ts";
import { importGitEvents } from "./import-git-events.ts";
import { report } from "./report.ts";
import { quantile, round } from "./statistics.ts";

const SAMPLES = 200;
const WARM_UP = 10;

const QUESTIONS: readonly { kind: StatsKind; path: string; search: string }[] = [
  {
    kind: "active_users",
    path: "active-users",
    search: "interval=day&from=2024-01-01&to=2024-04-01",
  },
  {
    kind: "active_users",
    path: "active-users",
    search: "interval=month&from=2009-01-01&to=2027-01-01",
  },
  { kind: "top_events", path: "top-events", search: "from=2023-01-01&to=2024-01-01" },
  { kind: "events", path: "events", search: "interval=hour&from=2024-03-01&to=2024-04-01" },
  {
    kind: "events",
    path: "events",
    search: "interval=week&from=2023-01-02&to=2024-01-01&measure=users&breakdown=event_type",
  },
  {
    kind: "retention",
    path: "retention",
    search: "interval=week&from=2024-01-01&to=2024-03-25&periods=8",
  },
];

/** Each statistics route over HTTP and the statement it compiles to directly on the database, one after the other. */
export async function benchReads(): Promise<void> {
  const stack = await startStack();
  const sql = postgres(stack.database_url, { max: 1, onnotice: () => {} });
  try {
    const client = await createStackClient(stack);
    const { seconds } = await importGitEvents(stack, client);
    report("import of git-events", { "until counted, s": round(seconds, 1) });
    for (const question of QUESTIONS) {
      const url = `${stack.edge_url}/v1/stats/${question.path}?${question.search}`;
      const { http, direct } = await alternate(
        () => readHttp(url, client.readKey),
        () => readDirectly(sql, client.projectId, question),
      );
      const ratio = quantile(http, 0.5) / quantile(direct, 0.5);
      report(`GET ${question.path}?${question.search}`, {
        "HTTP p50, ms": round(quantile(http, 0.5)),
        p99: round(quantile(http, 0.99)),
        "statement p50, ms": round(quantile(direct, 0.5)),
        "its p99": round(quantile(direct, 0.99)),
        "ratio of p50": round(ratio),
        "p50 over 1.5 × statement, ms": round(quantile(http, 0.5) - 1.5 * quantile(direct, 0.5)),
      });
    }
  } finally {
    await sql.end({ timeout: 1 });
    await stack.stop();
  }
}

async function alternate(readOne: () => Promise<void>, readOther: () => Promise<void>) {
  const http: number[] = [];
  const direct: number[] = [];
  for (let index = 0; index < WARM_UP + SAMPLES; index += 1) {
    const beganMs = performance.now();
    await readOne();
    const betweenMs = performance.now();
    await readOther();
    if (index < WARM_UP) continue;
    http.push(betweenMs - beganMs);
    direct.push(performance.now() - betweenMs);
  }
  return { http, direct };
}

async function readHttp(url: string, readKey: string): Promise<void> {
  const headers = { authorization: `Bearer ${readKey}`, "cache-control": "no-cache" };
  const response = await fetch(url, { headers });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`Cannot read: ${response.status} ${text}`);
  if (!text.includes('"cache":"miss"')) throw new Error("Cannot read: the answer is a cached one");
}

async function readDirectly(
  sql: Sql,
  projectId: string,
  { kind, search }: { readonly kind: StatsKind; readonly search: string },
): Promise<void> {
  const query = parseStatsSearch(kind, new URLSearchParams(search));
  const { text, params } = compileStats(query, projectId, createTimescaleDialect());
  await sql.unsafe(text, [...params]);
}
