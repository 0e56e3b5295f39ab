import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyScope } from "../contract/key.ts";
import { UsageError } from "./cli-error.ts";

/** Which edge a command talks to, and as whom. */
export type Target = { readonly url: URL; readonly key: string };

export type TargetOptions = {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
};

/** What `local.json` tells of the stack on this machine. */
export type LocalStack = {
  readonly edge_url?: string;
  readonly worker_url?: string;
  readonly write_key?: string;
  readonly read_key?: string;
  readonly admin_key?: string;
  readonly nats_url?: string;
  readonly upstash_url?: string;
  readonly redis_url?: string;
  readonly database_url?: string;
  readonly parts?: Readonly<Record<string, { readonly pid: number }>>;
};

/** What a command needs a key for, and how `local.json` and people call such a key. */
const KEYS = {
  w: { member: "write_key", name: "a write key" },
  r: { member: "read_key", name: "a read key" },
  a: { member: "admin_key", name: "an admin key" },
} as const satisfies Record<KeyScope, { member: keyof LocalStack; name: string }>;

/**
 * The edge and a key of that scope from the command line, else the environment, else the local stack.
 * The local stack's key is not sent to another machine.
 * @throws {UsageError} when either is missing.
 */
export function resolveTarget(
  options: TargetOptions,
  env: Readonly<Record<string, string | undefined>>,
  scope: KeyScope,
  readLocal: (path: string) => LocalStack | undefined = readLocalStack,
): Target {
  const { member, name } = KEYS[scope];
  const localPath = join(env.DATA_DIR || ".data", "local.json");
  const local = readLocal(localPath);
  const urlText = options.url || env.SLUICE_URL || local?.edge_url;
  if (urlText === undefined) {
    throw new UsageError(
      `No server given: pass --url, set SLUICE_URL, or start the local stack with npm start (there is no ${localPath})`,
    );
  }
  const url = parseUrl(urlText);
  const isLocal = isLoopback(url) || urlText === local?.edge_url;
  const key = options.key || env.SLUICE_KEY || (isLocal ? local?.[member] : undefined);
  if (key === undefined) {
    throw new UsageError(`No key given for ${url.origin}: pass --key or set SLUICE_KEY to ${name}`);
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UsageError("The key holds a blank or a character that no key has");
  }
  return { url, key };
}

/** A resource of the edge. Keeps a path that the edge may be mounted under. */
export function resourceUrl(base: URL, path: string): URL {
  return new URL(path, base.href.replace(/[?#].*$/, "").replace(/\/*$/, "/"));
}

export function isLoopback(url: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}

/** @throws {UsageError} */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(
    `Cannot read the server's URL: "${text}" does not begin with https:// or http://`,
  );
}

export function readLocalStack(path: string): LocalStack | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as LocalStack;
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: it is not JSON`, { cause });
  }
}
