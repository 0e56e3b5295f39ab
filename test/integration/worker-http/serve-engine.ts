import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { pino } from "pino";
import type { StoreQueryInput } from "../../../contract/store-api.ts";
import type { Engine } from "../../../worker/engine.ts";
import { startHttpServer } from "../../../worker/http/server.ts";
import { createHttpMetrics } from "../../../worker/metrics/http-metrics.ts";

const TOKEN = "token-of-the-worker";

type WithoutProject<Query> = Query extends unknown
  ? Omit<Query, "project_id" | "timeout_ms">
  : never;

/** The worker's HTTP before one engine. */
export type WorkerHttp = {
  /** `POST /query`, and insists on 200. */
  query<Answer>(projectId: string, question: WithoutProject<StoreQueryInput>): Promise<Answer>;
  close(): Promise<void>;
};

/** Whoever calls this closes it, before the engine. */
export async function serveEngine(engine: Engine): Promise<WorkerHttp> {
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    token: TOKEN,
    logger: pino({ level: "silent" }),
    scratchDir: tmpdir(),
    engine,
    archive: undefined,
    checkReadiness: async () => ({}),
    metrics: createHttpMetrics(),
    metricsToken: undefined,
    collectMetrics: async () => [],
    findDeadLetter: async () => undefined,
    listDeadLetters: async () => ({ letters: [], before: null }),
    removeDeadLetters: async () => 0,
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/query`;
  return {
    async query<Answer>(project_id: string, question: object) {
      const response = await fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ project_id, timeout_ms: 60_000, ...question }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`Cannot ask: ${response.status} ${text}`);
      return JSON.parse(text) as Answer;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
