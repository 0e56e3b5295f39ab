import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSecretFiles } from "../../contract/secret-files.ts";
import { UsageError } from "../cli-error.ts";
import { parseUrl, readLocalStack } from "../target.ts";

/** The secrets that keys are signed with, and the Redis that lists them: those of one edge, never of two. */
export type Deployment = {
  readonly secrets: KeySecrets | undefined;
  readonly redis: RedisTarget | undefined;
  /** The data directory, if it is the local stack. */
  readonly dataDir: string | undefined;
};

export type KeySecrets = { readonly current: string; readonly previous: string | undefined };

export type RedisTarget = { readonly url: URL; readonly token: string };

/** What the files of a data directory tell of the stack on this machine. */
export type LocalKeyFiles = {
  readonly upstashUrl: string | undefined;
  readonly secrets: Readonly<Record<string, unknown>>;
};

type Env = Readonly<Record<string, string | undefined>>;

const SECRET_NAMES = ["KEY_SECRET", "KEY_SECRET_PREVIOUS", "UPSTASH_REDIS_REST_TOKEN"];
/** As the edge insists. */
const MIN_SECRET_CHARACTERS = 32;

/**
 * The edge that the environment tells of, else the local stack. One that the environment tells of takes nothing from the local stack: a
 * key is registered and revoked where it is valid.
 * @throws {UsageError} when a setting cannot be used. No message holds a secret.
 */
export function findDeployment(
  env: Env,
  readLocal: (dataDir: string) => LocalKeyFiles = readLocalKeyFiles,
): Deployment {
  const isInEnv = Boolean(env.KEY_SECRET || env.KEY_SECRET_FILE || env.UPSTASH_REDIS_REST_URL);
  return isInEnv ? fromEnv(env) : fromLocalStack(env.DATA_DIR || ".data", readLocal);
}

/** @throws {UsageError} when there is nothing to sign with. */
export function needSecrets({ secrets, dataDir }: Deployment): KeySecrets {
  if (secrets !== undefined) return secrets;
  throw new UsageError(
    dataDir === undefined
      ? "No secret to sign with: set KEY_SECRET or KEY_SECRET_FILE to the edge's, as UPSTASH_REDIS_REST_URL is set"
      : `No secret to sign with: set KEY_SECRET or KEY_SECRET_FILE to the edge's, or start the local stack with npm start (there is no ${join(dataDir, "secrets.json")})`,
  );
}

/** @throws {UsageError} when no Redis is known. */
export function needRedis({ redis, dataDir }: Deployment): RedisTarget {
  if (redis !== undefined) return redis;
  const wanted = "set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to the edge's";
  throw new UsageError(
    dataDir === undefined
      ? `No Redis given: ${wanted}, as KEY_SECRET is set`
      : `No Redis given: ${wanted}, or start the local stack with npm start (${join(dataDir, "local.json")} names none)`,
  );
}

function fromEnv(env: Env): Deployment {
  const { settings, faults } = readSecretFiles(env, SECRET_NAMES, (path) =>
    readFileSync(path, "utf8"),
  );
  const [fault] = faults;
  if (fault !== undefined) {
    throw new UsageError(`Cannot use the environment: ${fault.name} ${fault.message}`);
  }
  for (const name of ["KEY_SECRET", "KEY_SECRET_PREVIOUS"]) {
    const length = settings[name]?.length ?? 0;
    if (length > 0 && length < MIN_SECRET_CHARACTERS) {
      throw new UsageError(
        `Cannot use the environment: ${name} has ${length} characters, and the edge takes none with fewer than ${MIN_SECRET_CHARACTERS}`,
      );
    }
  }
  const { KEY_SECRET, KEY_SECRET_PREVIOUS } = settings;
  return {
    secrets: KEY_SECRET
      ? { current: KEY_SECRET, previous: KEY_SECRET_PREVIOUS || undefined }
      : undefined,
    redis: redisFromEnv(settings),
    dataDir: undefined,
  };
}

function redisFromEnv({
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: token,
}: Env): RedisTarget | undefined {
  if (!url) return undefined;
  if (!token) {
    throw new UsageError("No token given for Redis: set UPSTASH_REDIS_REST_TOKEN to the edge's");
  }
  return { url: parseUrl(url), token };
}

function fromLocalStack(
  dataDir: string,
  readLocal: (dataDir: string) => LocalKeyFiles,
): Deployment {
  const { upstashUrl, secrets } = readLocal(dataDir);
  const { keySecret: current, keySecretPrevious: previous, upstashToken: token } = secrets;
  return {
    secrets: isText(current)
      ? { current, previous: isText(previous) ? previous : undefined }
      : undefined,
    redis:
      upstashUrl !== undefined && isText(token) ? { url: parseUrl(upstashUrl), token } : undefined,
    dataDir,
  };
}

function readLocalKeyFiles(dataDir: string): LocalKeyFiles {
  return {
    upstashUrl: readLocalStack(join(dataDir, "local.json"))?.upstash_url,
    secrets: readLocalSecrets(join(dataDir, "secrets.json")),
  };
}

function readLocalSecrets(path: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
