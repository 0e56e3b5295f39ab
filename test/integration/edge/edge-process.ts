import { join } from "node:path";
import { expect, inject } from "vitest";
import { createKey } from "../../../contract/key.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import { NATS_TCP } from "../../../edge/node/nats-tcp.ts";
import { NATS_WEBSOCKET } from "../../../edge/publish/nats-websocket.ts";
import type { StreamTransport } from "../../../edge/publish/stream-transport.ts";
import type { EdgeRuntime } from "../../../local/edge-part.ts";
import { findFreePort } from "../../../local/free-port.ts";
import { nodeScript } from "../../../local/node-script.ts";
import type { Part } from "../../../local/part.ts";
import { answersHttp } from "../../../local/probes.ts";
import type { NatsService } from "../../support/nats.ts";
import { type Service, startService } from "../../support/service.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

export interface EdgeProcess extends Service {
  readonly url: string;
  readonly dataDir: string;
  /** `POST /v1/events` for a project. */
  post(projectId: string, events: readonly unknown[]): Promise<Response>;
}

export const KEY_SECRET = "a secret of at least 32 characters";
const NOBODY = "http://127.0.0.1:1";

/** Where the tests of a project have the edge run: vitest.config.ts says. */
declare module "vitest" {
  interface ProvidedContext {
    readonly edgeRuntime: EdgeRuntime;
  }
}

/** The whole edge as `npm start` runs it, with NATS and nothing else behind it. */
export async function startEdge(
  nats: Pick<NatsService, "url" | "websocketUrl" | "edge">,
  settings: Readonly<Record<string, string>> = {},
): Promise<EdgeProcess> {
  const tempDir = await makeTempDir("edge");
  const dataDir = join(tempDir.path, "data");
  const runtime = inject("edgeRuntime");
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await startService(
    {
      name: "edge",
      ...command(runtime, port, dataDir),
      env: {
        KEY_SECRET,
        NATS_URL: natsUrlOf(nats),
        NATS_USER: nats.edge.user,
        NATS_PASSWORD: nats.edge.password,
        UPSTASH_REDIS_REST_URL: NOBODY,
        UPSTASH_REDIS_REST_TOKEN: "none",
        DATABASE_URL: "postgresql://none:none@db.test/none",
        NEON_FETCH_ENDPOINT: NOBODY,
        PORT: String(port),
        OUTBOX_DIR: dataDir,
        ...settings,
      },
      needs: [],
      isReady: (signal) => answersHttp(`${url}/healthz`, signal),
      readyTimeoutMs: 100_000,
      stopTimeoutMs: 12_000,
    },
    tempDir,
  );
  return {
    ...service,
    url,
    dataDir,
    post(projectId, events) {
      const key = createKey({ scope: "w", projectId, kid: "k1" }, KEY_SECRET);
      return fetch(`${url}/v1/events`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(events),
      });
    },
  };
}

/** The edge's way to NATS in this project: a Worker can only open WebSockets. */
export function natsUrlOf({
  url,
  websocketUrl,
}: Pick<NatsService, "url" | "websocketUrl">): string {
  return inject("edgeRuntime") === "node" ? url : websocketUrl;
}

export function natsTransport(): StreamTransport {
  return inject("edgeRuntime") === "node" ? NATS_TCP : NATS_WEBSOCKET;
}

function command(
  runtime: EdgeRuntime,
  port: number,
  dataDir: string,
): Pick<Part, "command" | "args"> {
  if (runtime === "node") return nodeScript("../edge/node/main.ts");
  return nodeScript("edge-runtime.ts", "--port", port, "--data-dir", dataDir);
}

export function createEvents(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({
    event_id: createUuidV7(Date.now()),
    event_type: "signup",
    user_id: `user-${index}`,
    occurred_at: new Date().toISOString(),
  }));
}

export function idsOf(events: readonly Record<string, unknown>[]): string[] {
  return events.map(({ event_id }) => String(event_id));
}

/** A 503 that says to send the same body again. */
export async function expectUnavailable(response: Response): Promise<void> {
  const problem = await response.json();
  expect(problem).toMatchObject({ status: 503, type: "/problems/stream-unavailable" });
  expect(response.status).toBe(503);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
}
