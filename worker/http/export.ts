import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { type ExportRequest, exportRequestSchema } from "../../contract/store-api.ts";
import type { Engine } from "../engine.ts";
import { PARQUET_CONTENT_TYPE, withParquetFile } from "../export/parquet-file.ts";
import { CSV, NDJSON, type TextFormat } from "../export/text-format.ts";
import type { HttpMetrics } from "../metrics/http-metrics.ts";
import type { Call } from "./call.ts";
import { readJson } from "./read-json.ts";
import { toHttpProblem } from "./store-failure.ts";
import { createWorkQueue, QueueFullError } from "./work-queue.ts";

/** Each holds a place in the store, and in Parquet a file on disk, for as long as its reader takes: one project may not take them all. */
const MAX_EXPORTS = 4;
const MAX_EXPORTS_OF_ONE = 2;
/** A reader that takes nothing for so long has gone without saying so. */
const STALL_MS = 120_000;

export type ExportDeps = {
  readonly engine: Pick<Engine, "name" | "reader">;
  readonly scratchDir: string;
  readonly metrics: Pick<HttpMetrics, "exported" | "watch">;
};

/**
 * `POST /export`: all events of a range, as fast as the client takes them, in constant memory. A failure before the first byte is a problem
 * like any other; after it the connection is cut, so that no short answer looks whole.
 */
export function createExportRoute(deps: ExportDeps) {
  const queue = createWorkQueue({
    maxRunning: MAX_EXPORTS,
    maxRunningOfOne: MAX_EXPORTS_OF_ONE,
    maxWaiting: 0,
  });
  const { metrics } = deps;
  metrics.watch("export", () => queue.load);

  return async function answerExport(call: Call): Promise<void> {
    const wish = await readJson(call.request, exportRequestSchema);
    try {
      await queue.run(wish.project_id, () => sendEvents(call, wish, deps), call.clientGone);
      metrics.exported("complete");
    } catch (error) {
      metrics.exported(call.clientGone.aborted ? "client_gone" : outcomeOf(error));
      throw toHttpProblem(error, deps.engine);
    }
  };
}

function outcomeOf(error: unknown) {
  return error instanceof QueueFullError ? "refused" : "failed";
}

async function sendEvents(call: Call, wish: ExportRequest, deps: ExportDeps): Promise<void> {
  const { response, clientGone: signal } = call;
  const { project_id, from, to, format } = wish;
  const pieces = deps.engine.reader.exportEvents(project_id, { from, to }, signal);
  if (format !== "parquet") {
    const textFormat = format === "csv" ? CSV : NDJSON;
    const head = { "content-type": textFormat.contentType };
    return sendBody(response, head, encode(textFormat, pieces), signal);
  }
  await withParquetFile(deps.scratchDir, pieces, signal, async (path) => {
    const head = {
      "content-type": PARQUET_CONTENT_TYPE,
      "content-length": (await stat(path)).size,
    };
    await sendBody(response, head, createReadStream(path, { highWaterMark: 256 * 1024 }), signal);
  });
}

async function* encode(
  format: TextFormat,
  pieces: ReturnType<Engine["reader"]["exportEvents"]>,
): AsyncGenerator<string> {
  let head = format.head;
  for await (const piece of pieces) {
    yield head + format.encode(piece);
    head = "";
  }
  yield head;
}

/** Sends the status once there is something to send. A part is asked for when the one before is on its way. */
async function sendBody(
  response: ServerResponse,
  head: Readonly<Record<string, string | number>>,
  parts: AsyncIterable<string | Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const part of parts) {
    if (!response.headersSent) response.writeHead(200, { ...head, "cache-control": "no-store" });
    if (part.length === 0 || response.write(part)) continue;
    const isStalled = AbortSignal.timeout(STALL_MS);
    await once(response, "drain", { signal: AbortSignal.any([signal, isStalled]) });
  }
  response.end();
}
