import { describe, expect, it } from "vitest";
import { ProblemError } from "../../edge/http/problem.ts";
import type { WorkerClient } from "../../edge/store/worker-client.ts";
import { createTestApp, READ_KEY, WRITE_KEY } from "./test-app.ts";

function createExportApp(answer: () => Promise<Response>) {
  const calls: unknown[][] = [];
  const worker: Pick<WorkerClient, "open"> = {
    open: (path, body, timeoutMs) => {
      calls.push([path, body, timeoutMs]);
      return answer();
    },
  };
  const app = createTestApp({ worker: worker as WorkerClient });
  const get = (search: string, key = READ_KEY) =>
    app.fetch(`/v1/export?${search}`, { headers: { authorization: `Bearer ${key}` } });
  return { app, calls, get };
}

const RANGE = "from=2026-01-01&to=2026-02-01T12:30:00Z";

describe("GET /v1/export", () => {
  it.each([
    ["ndjson", "application/x-ndjson", 30_000],
    ["csv", "text/csv; charset=utf-8", 30_000],
    ["parquet", "application/vnd.apache.parquet", 600_000],
  ])("passes %s on as a file", async (format, contentType, timeoutMs) => {
    const { get, calls } = createExportApp(
      async () => new Response("content", { headers: { "content-type": contentType } }),
    );
    const response = await get(`${RANGE}&format=${format}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(contentType);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="sluice-demo-2026-01-01-2026-02-01T123000Z.${format}"`,
    );
    expect(await response.text()).toBe("content");
    const request = {
      project_id: "demo",
      from: "2026-01-01T00:00:00Z",
      to: "2026-02-01T12:30:00Z",
      format,
    };
    expect(calls).toEqual([["/export", request, timeoutMs]]);
  });

  it.each([
    ["", "/from", "from is missing"],
    [`${RANGE}&format=xml`, "/format", "format must be ndjson, csv or parquet"],
    ["from=2026-02-01&to=2026-01-01", "/to", "to must be later than from"],
    [`${RANGE}&limit=1`, "/limit", 'Unknown parameter "limit": known are from, to, format'],
  ])("answers 422 for %j", async (search, pointer, detail) => {
    const { get, calls } = createExportApp(async () => new Response());
    const response = await get(search);
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: unknown[] };
    expect(errors).toContainEqual({ pointer, detail });
    expect(calls).toEqual([]);
  });

  it("tells what the worker says is wrong", async () => {
    const { get } = createExportApp(async () => {
      throw new ProblemError("store-timeout", { detail: "The worker did not answer within 30 s" });
    });
    const response = await get(RANGE);
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({
      detail: "The worker did not answer within 30 s",
    });
  });

  it("503 that says why where the edge has no worker", async () => {
    const response = await createTestApp().fetch(`/v1/export?${RANGE}&key=${READ_KEY}`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      detail:
        "Events are exported by the worker, and this edge is not given its address (WORKER_URL, WORKER_TOKEN)",
    });
  });

  it("needs a read key", async () => {
    const { app, get } = createExportApp(async () => new Response());
    expect((await get(RANGE, WRITE_KEY)).status).toBe(403);
    expect((await app.fetch(`/v1/export?${RANGE}`)).status).toBe(401);
  });
});
