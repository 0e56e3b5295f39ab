import { Hono } from "hono";
import { type ExportQuery, parseExportSearch } from "../../contract/export-query.ts";
import { exportCost } from "../../contract/query-cost.ts";
import type { ExportRequest } from "../../contract/store-api.ts";
import type { AppEnv } from "../app-env.ts";
import { orInvalidQuery } from "../http/or-invalid-query.ts";
import { searchOf } from "../http/search-of.ts";
import type { QueryLimiter } from "../limits/query-limiter.ts";
import { needWorker } from "../store/need-worker.ts";
import type { WorkerClient } from "../store/worker-client.ts";

export type ExportDeps = {
  readonly worker: Pick<WorkerClient, "open"> | undefined;
  readonly queries: QueryLimiter;
};

/** Until the first bytes; how long the rest takes is the client's affair. A Parquet file is whole before its first byte is sent. */
const TIMEOUT_MS = { ndjson: 30_000, csv: 30_000, parquet: 600_000 };

/**
 * `GET /v1/export`: the worker's stream, passed on. A failure half-way breaks the connection, so that no client takes a part for the
 * whole; a client that hangs up ends the worker's reading. Behind `authenticate(["r"])`.
 */
export function exportRoutes({ worker, queries }: ExportDeps) {
  return new Hono<AppEnv>().get("/", async (c) => {
    const { projectId } = c.var.key;
    const query = orInvalidQuery(() => parseExportSearch(searchOf(c.req.url)));
    const request: ExportRequest = { project_id: projectId, ...query };
    const source = needWorker(worker, "Events are exported by the worker");
    const open = () => source.open("/export", request, TIMEOUT_MS[query.format], c.req.raw.signal);
    // The worker bounds how many are under way: here only their beginnings count as at the store.
    const { answer, headers } = await queries.run(projectId, exportCost(query), open);
    return new Response(answer.body, {
      headers: {
        ...headers,
        "content-type": answer.headers.get("content-type") ?? "application/octet-stream",
        "content-disposition": `attachment; filename="${fileNameOf(projectId, query)}"`,
        "cache-control": "no-store",
        vary: "Authorization",
      },
    });
  });
}

/** A project's id and an instant have no character that a file's name may not have, but for the colons. */
function fileNameOf(projectId: string, { from, to, format }: ExportQuery): string {
  const shorten = (instant: string) => instant.replace("T00:00:00Z", "").replaceAll(":", "");
  return `sluice-${projectId}-${shorten(from)}-${shorten(to)}.${format}`;
}
