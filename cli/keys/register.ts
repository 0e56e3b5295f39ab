import { KNOWN_KEYS, type KnownKey, parseKnownKey } from "../../contract/key-register.ts";
import { parseRevocations, REVOKED_KEYS, type Revocations } from "../../contract/revocation.ts";
import { createRedisClient } from "../../edge/redis/redis-client.ts";
import { CliError } from "../cli-error.ts";
import { describeFailure } from "../describe-failure.ts";
import type { RedisTarget } from "./deployment.ts";

/** The two hashes of keys in Redis. Each call is one request, and rejects with a {@link CliError} unless Redis confirmed it. */
export type KeyRegister = {
  /** For messages. */
  readonly origin: string;
  /** Keys by `<project>:<kid>`. */
  read(): Promise<{ known: ReadonlyMap<string, KnownKey>; revocations: Revocations }>;
  /** Whether a key has that name, or had it. */
  isTaken(field: string): Promise<boolean>;
  add(keys: ReadonlyMap<string, KnownKey>): Promise<void>;
  /** The instant that Redis holds afterwards: an earlier one if the key was revoked before. */
  revoke(field: string, revokedAt: string): Promise<string>;
  /** Undefined: it is not revoked. */
  revokedAt(field: string): Promise<string | undefined>;
};

const TIMEOUT_MS = 5_000;

export function openRegister({ url, token }: RedisTarget): KeyRegister {
  const { origin } = url;
  const redis = createRedisClient({ url: url.href, token, timeoutMs: TIMEOUT_MS });

  return {
    origin,

    read: () =>
      ask("read the list of keys", async () => {
        const [known, revoked] = await redis
          .pipeline()
          .hgetall(KNOWN_KEYS)
          .hgetall(REVOKED_KEYS)
          .exec<[unknown, unknown]>();
        return { known: parseKnownKeys(known), revocations: parseRevocations(revoked) };
      }),

    isTaken: (field) =>
      ask("look for the key", async () => {
        const answers = await redis
          .pipeline()
          .hexists(KNOWN_KEYS, field)
          .hexists(REVOKED_KEYS, field)
          .exec();
        return answers.some((answer) => answer === 1);
      }),

    add: (keys) =>
      ask("list the key", async () => {
        const values = [...keys].map(([field, key]) => [field, JSON.stringify(key)]);
        await redis.hset(KNOWN_KEYS, Object.fromEntries(values));
      }),

    revoke: (field, revokedAt) =>
      ask("revoke the key", async () => {
        const [, held] = await redis
          .multi()
          .hsetnx(REVOKED_KEYS, field, revokedAt)
          .hget(REVOKED_KEYS, field)
          .exec<[unknown, unknown]>();
        if (typeof held === "string") return held;
        throw new TypeError(`it answered ${JSON.stringify(held)}`);
      }),

    revokedAt: (field) =>
      ask("ask for the key's revocation", async () => {
        const held: unknown = await redis.hget(REVOKED_KEYS, field);
        return typeof held === "string" ? held : undefined;
      }),
  };

  async function ask<T>(action: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      const message = `Cannot ${action} in Redis at ${origin}: ${whyNot(cause)}`;
      throw new CliError(message, { cause });
    }
  }
}

/** Fields and values in turn, as the client gives them unread. What somebody wrote by hand and wrongly is passed over. */
function parseKnownKeys(answer: unknown): ReadonlyMap<string, KnownKey> {
  if (!Array.isArray(answer)) throw new TypeError("it answered no list of keys");
  const known = new Map<string, KnownKey>();
  for (let index = 0; index + 1 < answer.length; index += 2) {
    const key = parseKnownKey(String(answer[index + 1]));
    if (key !== undefined) known.set(String(answer[index]), key);
  }
  return known;
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`;
  if (error.name === "UpstashJSONParseError") return "its answer is not JSON: is this Redis' REST?";
  // The client adds the whole command.
  if (error.name === "UpstashError") return error.message.replace(/,? command was: .*$/s, "");
  return describeFailure(error);
}
