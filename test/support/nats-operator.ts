/**
 * nats-server in operator mode, as Synadia Cloud runs it: whoever comes in shows a JWT that an account has signed, whose own JWT the
 * operator has signed. The accounts and users are those that deploy/nats-users.sh makes.
 */
import { join } from "node:path";
import {
  type Account,
  type ConnectionType,
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeActivation,
  encodeOperator,
  encodeUser,
  fmtCreds,
  type KeyPair,
  type User,
} from "@nats-io/jwt";
import { findFreePort } from "../../local/free-port.ts";
import { answersWebsocket, prepareServer } from "../../local/nats-server.ts";
import { answersTcp } from "../../local/probes.ts";
import { type NscUser, recordNscUsers } from "./nsc-users.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface NatsOperatorService extends Service {
  readonly url: string;
  readonly websocketUrl: string;
  /** Contents of .creds files. */
  readonly creds: {
    readonly edge: string;
    readonly worker: string;
    readonly operator: string;
    /** May do everything in the streams' account, and comes in by any door. */
    readonly beside: string;
    /** Of an account that has no JetStream. */
    readonly elsewhere: string;
    readonly expired: string;
    /** Signed by an account of another operator. */
    readonly stranger: string;
    /** The JWT of the worker with the seed of somebody else. */
    readonly mixed: string;
  };
  /** Creds of the worker that expire. */
  expiringIn(seconds: number): Promise<string>;
}

const UNLIMITED = {
  ...{ subs: -1, data: -1, payload: -1, conn: -1, leaf: -1 },
  ...{ imports: -1, exports: -1, wildcards: true },
};
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
const SUBJECT = { name: "events", subject: "events.>", type: "service" } as const;

export async function startNatsOperator(): Promise<NatsOperatorService> {
  const tempDir = await makeTempDir("nats-operator");
  const port = await findFreePort();
  const websocketPort = await findFreePort(new Set([port]));
  const { users } = await recordNscUsers();
  const keys = { operator: createOperator(), system: createAccount(), streams: createAccount() };
  const edge = createAccount();
  const elsewhere = createAccount();

  const config = `listen: "127.0.0.1:${port}"
server_name: "operator-mode"
max_control_line: 4KB
jetstream { store_dir: ${JSON.stringify(tempDir.path)}, max_file_store: 1GB }
websocket { listen: "127.0.0.1:${websocketPort}", no_tls: true }
operator: ${await encodeOperator("O", keys.operator, { system_account: keys.system.getPublicKey() })}
resolver: MEMORY
resolver_preload: {
  ${await preload("SYS", keys.system, {})}
  ${await preload("SLUICE", keys.streams, { limits: { ...UNLIMITED, ...JETSTREAM }, exports: [{ ...SUBJECT, token_req: true }] })}
  ${await preload("EDGE", edge, { limits: UNLIMITED, imports: [await importFrom(keys.streams, edge)] })}
  ${await preload("ELSEWHERE", elsewhere, { limits: UNLIMITED })}
}
`;

  async function preload(
    name: string,
    account: KeyPair,
    claims: Account | object,
  ): Promise<string> {
    const jwt = await encodeAccount(name, account, claims as Account, { signer: keys.operator });
    return `${account.getPublicKey()}: ${jwt}`;
  }

  const part = {
    name: "nats",
    ...(await prepareServer(join(tempDir.path, "nats"), config)),
    isReady: async (signal: AbortSignal) =>
      (await answersTcp(port, signal, "", /^INFO .*"jetstream":true/)) &&
      (await answersWebsocket(websocketPort, signal)),
    readyTimeoutMs: 30_000,
  };
  const worker = claimsOf(users.worker);
  return {
    ...(await startService(part, tempDir)),
    url: `nats://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${websocketPort}`,
    creds: {
      edge: await makeCreds("edge", edge, claimsOf(users.edge)),
      worker: await makeCreds("worker", keys.streams, worker),
      operator: await makeCreds("operator", keys.streams, claimsOf(users.operator)),
      beside: await makeCreds("beside", keys.streams, {}),
      elsewhere: await makeCreds("elsewhere", elsewhere, {}),
      expired: await makeCreds("worker", keys.streams, worker, inSeconds(-60)),
      stranger: await makeCreds("worker", createAccount(), worker),
      mixed: await makeCreds("worker", keys.streams, worker, undefined, createUser()),
    },
    expiringIn: (seconds) => makeCreds("worker", keys.streams, worker, inSeconds(seconds)),
  };
}

async function importFrom(streams: KeyPair, edge: KeyPair) {
  const token = await encodeActivation("events", edge, streams, "service", {
    subject: SUBJECT.subject,
  } as object);
  return { ...SUBJECT, account: streams.getPublicKey(), to: SUBJECT.subject, token };
}

function claimsOf(user: NscUser | undefined): Partial<User> {
  if (user === undefined) throw new Error("Cannot make creds: nats-users.sh has no such user");
  return {
    pub: { allow: [...user.pub.allow], deny: [...user.pub.deny] },
    sub: { allow: [...user.sub.allow], deny: [...user.sub.deny] },
    allowed_connection_types: user.connectionTypes as ConnectionType[],
  };
}

async function makeCreds(
  name: string,
  account: KeyPair,
  claims: Partial<User>,
  dates: { readonly exp?: number } = {},
  shown?: KeyPair,
): Promise<string> {
  const key = createUser();
  const jwt = await encodeUser(name, key, account, { ...claims }, { ...dates });
  return new TextDecoder().decode(fmtCreds(jwt, shown ?? key));
}

function inSeconds(seconds: number) {
  return { exp: Math.floor(Date.now() / 1_000) + seconds };
}
