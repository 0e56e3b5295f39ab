import { findFreePort } from "../../local/free-port.ts";
import {
  NATS_EDGE_USER,
  NATS_OPERATOR_USER,
  NATS_WORKER_USER,
  type NatsOptions,
  type NatsPasswords,
  type NatsPorts,
  prepareNats,
} from "../../local/nats-server.ts";
import type { Part } from "../../local/part.ts";
import { addTester, NATS_TESTER_LOGIN } from "./nats-tester.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface NatsLogin {
  readonly user: string;
  readonly password: string;
}

export interface NatsLogins {
  readonly edge: NatsLogin;
  readonly worker: NatsLogin;
  readonly operator: NatsLogin;
  /** Of the test itself. */
  readonly tester: NatsLogin;
}

export interface NatsService extends Service, NatsLogins {
  readonly port: number;
  /** For the worker's client. */
  readonly url: string;
  /** For the edge's client. */
  readonly websocketUrl: string;
}

/** The first would be a number if it were not quoted, the others end a text or a line if they were not escaped. */
export const NATS_PASSWORDS: NatsPasswords = {
  edge: "12e4",
  worker: 'worker"password',
  operator: "operator\\password",
};

export const NATS_LOGINS: NatsLogins = {
  edge: { user: NATS_EDGE_USER, password: NATS_PASSWORDS.edge },
  worker: { user: NATS_WORKER_USER, password: NATS_PASSWORDS.worker },
  operator: { user: NATS_OPERATOR_USER, password: NATS_PASSWORDS.operator },
  tester: NATS_TESTER_LOGIN,
};

/** nats-server with JetStream, WebSocket and the users of the stack. */
export async function startNats(
  prepare: (options: NatsOptions) => Promise<Part> = prepareNats,
): Promise<NatsService> {
  const tempDir = await makeTempDir("nats");
  const port = await findFreePort();
  const websocketPort = await findFreePort(new Set([port]));
  const ports = { port, websocketPort };
  const part = await prepare({ dataDir: tempDir.path, ...ports, passwords: NATS_PASSWORDS });
  await addTester(part);
  return toNatsService(await startService(part, tempDir), ports);
}

export function toNatsService(service: Service, { port, websocketPort }: NatsPorts): NatsService {
  return {
    ...service,
    ...NATS_LOGINS,
    port,
    url: `nats://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${websocketPort}`,
  };
}
