import { readFileSync } from "node:fs";
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import {
  AuthorizationError,
  ClosedConnectionError,
  connect,
  credsAuthenticator,
  type NatsConnection,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from "@nats-io/transport-node";
import { Option } from "commander";
import { readSecretFiles } from "../contract/secret-files.ts";
import { OPERATOR_INBOX } from "../contract/stream.ts";
import { CliError, UsageError } from "./cli-error.ts";
import { type NatsTarget, resolveNatsTarget } from "./nats/target.ts";

/** What an operator's command works with: NATS itself, since it must also work while the worker is dead. */
export type Nats = {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
};

export type NatsOptions = { readonly natsUrl?: string };

const CONNECT_TIMEOUT_MS = 4_000;
const REQUEST_TIMEOUT_MS = 5_000;

export function natsUrlOption(): Option {
  return new Option(
    "--nats-url <urls>",
    "NATS servers, separated by commas (default: NATS_URL, else the local stack's)",
  );
}

/**
 * Lends a connection and closes it.
 * @throws {CliError} that names the server when it cannot be reached, refuses the user, or does not answer.
 * @throws {UsageError} when the environment names no server, or its secrets cannot be read.
 */
export async function withNats<T>(
  options: NatsOptions,
  use: (nats: Nats) => Promise<T>,
): Promise<T> {
  const target = resolveNatsTarget(options, readSecrets(process.env));
  const connection = await connectOrExplain(target);
  try {
    const manager = await jetstreamManager(connection, {
      checkAPI: false,
      timeout: REQUEST_TIMEOUT_MS,
    });
    return await use({ connection, manager, client: jetstream(connection) });
  } catch (error) {
    throw explain(error, target);
  } finally {
    await connection.close();
  }
}

/** @throws {CliError} when there is no such stream. */
export async function findStream(manager: JetStreamManager, name: string): Promise<StreamInfo> {
  try {
    return await manager.streams.info(name);
  } catch (cause) {
    if (!isApiError(cause, JetStreamApiCodes.StreamNotFound)) throw cause;
    throw new CliError(
      `NATS has no stream "${name}": the worker creates it when it starts for the first time`,
      { cause },
    );
  }
}

export function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

/** What an error of NATS means, in a few words; undefined for one that is not from NATS. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof TimeoutError) return `no answer within ${REQUEST_TIMEOUT_MS / 1_000} s`;
  if (error instanceof ClosedConnectionError) return "the connection was lost";
  if (error instanceof JetStreamApiError) return error.message;
  if (error instanceof RequestError) {
    if (error.isNoResponders()) return "nobody answers for JetStream";
    return error.cause === undefined ? error.message : (reasonOf(error.cause) ?? error.message);
  }
  if (error instanceof PermissionViolationError) {
    return `the user may not do this (${error.message}); use the operator's user`;
  }
  return undefined;
}

function readSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { settings, faults } = readSecretFiles(env, ["NATS_CREDS", "NATS_PASSWORD"], (path) =>
    readFileSync(path, "utf8"),
  );
  if (faults.length === 0) return settings;
  const messages = faults.map(({ name, message }) => `${name} ${message}`);
  throw new UsageError(`Cannot use the environment: ${messages.join("; ")}`);
}

async function connectOrExplain(target: NatsTarget): Promise<NatsConnection> {
  try {
    return await connectNats(target, {
      timeoutMs: CONNECT_TIMEOUT_MS,
      // Once connected it comes back after a loss; the first attempt asks each server once.
      maxReconnectAttempts: -1,
    });
  } catch (cause) {
    const reason = whyNotConnected(cause, target, CONNECT_TIMEOUT_MS);
    throw new CliError(`Cannot connect to NATS at ${target.servers.join(", ")}: ${reason}`, {
      cause,
    });
  }
}

export function connectNats(
  { servers, isTls, user, password, token, creds }: NatsTarget,
  options: { readonly timeoutMs: number; readonly maxReconnectAttempts: number },
): Promise<NatsConnection> {
  return connect({
    servers: [...servers],
    ...(isTls ? { tls: {} } : {}),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined
      ? {}
      : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
    name: "sluice-cli",
    inboxPrefix: OPERATOR_INBOX,
    timeout: options.timeoutMs,
    reconnect: options.maxReconnectAttempts !== 0,
    maxReconnectAttempts: options.maxReconnectAttempts,
    reconnectTimeWait: 500,
  });
}

/** Why {@link connectNats} failed, in words that say what to look at. */
export function whyNotConnected(
  error: unknown,
  { user, token, creds }: Pick<NatsTarget, "user" | "token" | "creds">,
  timeoutMs: number,
): string {
  if (error instanceof AuthorizationError) {
    if (creds !== undefined) {
      return "it refuses NATS_CREDS: they have expired, were revoked, or are of another account or operator";
    }
    const hint = "set NATS_USER and NATS_PASSWORD, or put them into the URL";
    if (user !== undefined) return `it refuses user "${user}" or the password; ${hint}`;
    if (token !== undefined) return `it refuses the token; ${hint}`;
    return "it asks for a user and password; set NATS_USER and NATS_PASSWORD, or NATS_CREDS";
  }
  if (error instanceof TimeoutError) return `no answer within ${timeoutMs / 1_000} s`;
  return error instanceof Error ? error.message : String(error);
}

function explain(error: unknown, { servers }: NatsTarget): unknown {
  const reason = error instanceof CliError ? undefined : reasonOf(error);
  if (reason === undefined) return error;
  return new CliError(`NATS at ${servers.join(", ")} did not do it: ${reason}`, { cause: error });
}
