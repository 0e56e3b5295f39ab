import { join } from "node:path";
import { findLoginFaults, natsCreds } from "../../contract/nats-creds.ts";
import { UsageError } from "../cli-error.ts";
import { type LocalStack, readLocalStack } from "../target.ts";

/** Which NATS servers a command talks to, and as whom. */
export type NatsTarget = {
  /** `host:port` of each. The client reads no credentials from a URL, and these may be shown. */
  readonly servers: readonly string[];
  readonly isTls: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** What a .creds file holds. */
  readonly creds?: string;
};

/**
 * The servers from the command line, else the environment, else the local stack. Credentials in a URL go before NATS_CREDS, NATS_USER
 * and NATS_PASSWORD.
 * @throws {UsageError} when no server is given, or a URL or the creds cannot be read. No message holds a secret.
 */
export function resolveNatsTarget(
  options: { readonly natsUrl?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
  readLocal: (path: string) => LocalStack | undefined = readLocalStack,
): NatsTarget {
  const localPath = join(env.DATA_DIR || ".data", "local.json");
  const text = options.natsUrl || env.NATS_URL || readLocal(localPath)?.nats_url;
  if (text === undefined) {
    throw new UsageError(
      `No NATS server given: pass --nats-url, set NATS_URL, or start the local stack with npm start (there is no ${localPath})`,
    );
  }
  const urls = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseServer);
  if (urls.length === 0) throw new UsageError("No NATS server given: the list of URLs is empty");
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port || "4222"}`),
    isTls: urls.some((url) => url.protocol === "tls:"),
    ...credentialsOf(urls, env),
  };
}

function parseServer(text: string): URL {
  const withScheme = text.includes("://") ? text : `nats://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url !== undefined && /^(nats|tls):$/.test(url.protocol) && url.hostname !== "") return url;
  throw new UsageError(
    `Cannot read the NATS server's URL: "${withoutCredentials(text)}" is not like nats://host:4222 or tls://host:4222`,
  );
}

function credentialsOf(
  urls: readonly URL[],
  env: Readonly<Record<string, string | undefined>>,
): Pick<NatsTarget, "user" | "password" | "token" | "creds"> {
  const url = urls.find(({ username }) => username !== "");
  if (url === undefined && env.NATS_CREDS) return { creds: readCreds(env) };
  const user = url === undefined ? env.NATS_USER : decode(url.username);
  const password = (url?.password ? decode(url.password) : undefined) || env.NATS_PASSWORD;
  if (!user) return {};
  if (password) return { user, password };
  // A name alone is how NATS' own tools write a token.
  return url === undefined ? { user } : { token: user };
}

function readCreds(env: Readonly<Record<string, string | undefined>>): string {
  const { data: creds, error } = natsCreds.safeParse(env.NATS_CREDS);
  const messages = [
    ...(error?.issues ?? []).map(({ message }) => `NATS_CREDS ${message}`),
    ...findLoginFaults(env).map(({ name, message }) => `${name} ${message}`),
  ];
  if (creds !== undefined && messages.length === 0) return creds;
  throw new UsageError(`Cannot use the environment: ${messages.join("; ")}`);
}

function withoutCredentials(text: string): string {
  return text.replace(/(^|:\/\/).*@/, "$1…@");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
