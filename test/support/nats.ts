import { findFreePort } from "../../local/free-port.ts";
import {
  NATS_EDGE_USER,
  NATS_WORKER_USER,
  type NatsPorts,
  prepareNats,
} from "../../local/nats-server.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface NatsLogin {
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

export const NATS_EDGE_LOGIN: NatsLogin = { user: NATS_EDGE_USER, password: "edge-password" };
export const NATS_WORKER_LOGIN: NatsLogin = { user: NATS_WORKER_USER, password: "worker-password" };

/** nats-server with JetStream, WebSocket and the two users of the stack. */
export async function startNats(): Promise<NatsService> {
  const tempDir = await makeTempDir("nats");
  const port = await findFreePort();
  const websocketPort = await findFreePort(new Set([port]));
  const part = await prepareNats({
    dataDir: tempDir.path,
    port,
    websocketPort,
    edgePassword: NATS_EDGE_LOGIN.password,
    workerPassword: NATS_WORKER_LOGIN.password,
  });
  return toNatsService(await startService(part, tempDir), { port, websocketPort });
}

export function toNatsService(service: Service, { port, websocketPort }: NatsPorts): NatsService {
  return {
    ...service,
    port,
    url: `nats://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${websocketPort}`,
    edge: NATS_EDGE_LOGIN,
    worker: NATS_WORKER_LOGIN,
  };
}
