import { findFreePort } from "../../local/free-port.ts";
import { NATS_EDGE_USER, NATS_WORKER_USER, prepareNats } from "../../local/nats-server.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

interface NatsLogin {
  readonly user: string;
  readonly password: string;
}

export interface NatsService extends Service {
  readonly port: number;
  /** For the worker's client. */
  readonly url: string;
  /** For the edge's client. */
  readonly websocketUrl: string;
  readonly edge: NatsLogin;
  readonly worker: NatsLogin;
}

/** nats-server with JetStream, WebSocket and the two users of the stack. */
export async function startNats(): Promise<NatsService> {
  const tempDir = await makeTempDir("nats");
  const port = await findFreePort();
  const websocketPort = await findFreePort(new Set([port]));
  const edge = { user: NATS_EDGE_USER, password: "edge-password" };
  const worker = { user: NATS_WORKER_USER, password: "worker-password" };
  const part = await prepareNats({
    dataDir: tempDir.path,
    port,
    websocketPort,
    edgePassword: edge.password,
    workerPassword: worker.password,
  });
  const service = await startService(part, tempDir);
  return {
    ...service,
    port,
    url: `nats://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${websocketPort}`,
    edge,
    worker,
  };
}
