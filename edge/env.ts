import { z } from "zod";
import { DEFAULT_MAX_EVENT_AGE_DAYS } from "../contract/limits.ts";
import { natsCreds } from "../contract/nats-creds.ts";
import { ENVIRONMENTS } from "../contract/production-faults.ts";
import { TRACE_VARS, toTraceSettings } from "../contract/trace/trace-settings.ts";
import { findFaultsBetweenSettings } from "./faults-between-settings.ts";
import { createLimitsOf, LIMIT_VARS } from "./limits/limit-settings.ts";

/** What wrangler.toml and its secrets give the Worker besides the Durable Object: text by name. */
export type Vars = Readonly<Record<string, unknown>>;

const secret = z.string().min(32, "must have at least 32 characters");
const number = (fallback: number, minimum: number) =>
  z.coerce.number().int().min(minimum).default(fallback);

/** Every setting of the edge; edge/setting-notes.ts describes each. */
export const EDGE_VARS = z.object({
  ENVIRONMENT: z.enum(ENVIRONMENTS).default("development"),
  KEY_SECRET: secret,
  KEY_SECRET_PREVIOUS: secret.optional(),
  // A revocation is in force everywhere within a minute, or sooner.
  REVOCATION_MAX_AGE_SECONDS: number(60, 1).pipe(z.number().max(60)),
  UPSTASH_REDIS_REST_URL: z.url(),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1),
  REDIS_TIMEOUT_MS: number(300, 10),
  NATS_URL: z
    .string()
    .min(1)
    .transform((text) => text.split(",").map((url) => url.trim())),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  NATS_CREDS: natsCreds.optional(),
  PUBLISHER_SHARDS: number(4, 1),
  // Of each publisher. A Durable Object has 128 MB of memory and 10 GB of storage.
  OUTBOX_MAX_BYTES: number(256 * 1024 * 1024, 0),
  WORKER_URL: z.url().optional(),
  WORKER_TOKEN: z.string().min(16).optional(),
  METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").optional(),
  DATABASE_URL: z.string().min(1).optional(),
  NEON_FETCH_ENDPOINT: z.url().optional(),
  // As for the worker, which makes the index.
  PROPERTIES_INDEX: z.enum(["true", "false"]).default("false"),
  ACCESS_LOG: z.enum(["true", "false"]).default("false"),
  MAX_EVENT_AGE_DAYS: number(DEFAULT_MAX_EVENT_AGE_DAYS, 1),
  ...LIMIT_VARS,
  ...TRACE_VARS,
});

/** @throws {ConfigError} naming every variable that is missing or wrong. */
export function parseConfig(vars: Vars) {
  const result = EDGE_VARS.safeParse(vars);
  const problems = [
    ...(result.error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`),
    ...findFaultsBetweenSettings(vars).map(({ name, message }) => `${name}: ${message}`),
  ];
  if (!result.success || problems.length > 0) {
    throw new ConfigError(problems);
  }
  const values = result.data;
  const keySecrets = [values.KEY_SECRET, values.KEY_SECRET_PREVIOUS].filter(
    (text) => text !== undefined,
  );
  return {
    keySecrets,
    revocationMaxAgeMs: values.REVOCATION_MAX_AGE_SECONDS * 1_000,
    redis: {
      url: values.UPSTASH_REDIS_REST_URL,
      token: values.UPSTASH_REDIS_REST_TOKEN,
      timeoutMs: values.REDIS_TIMEOUT_MS,
    },
    nats: {
      servers: values.NATS_URL,
      user: values.NATS_USER,
      password: values.NATS_PASSWORD,
      creds: values.NATS_CREDS,
    },
    outboxMaxBytes: values.OUTBOX_MAX_BYTES,
    publisherShards: values.PUBLISHER_SHARDS,
    worker:
      values.WORKER_URL === undefined || values.WORKER_TOKEN === undefined
        ? undefined
        : { url: values.WORKER_URL, token: values.WORKER_TOKEN },
    metricsToken: values.METRICS_TOKEN,
    // Without one everything is asked of the worker.
    database:
      values.DATABASE_URL === undefined
        ? undefined
        : { url: values.DATABASE_URL, fetchEndpoint: values.NEON_FETCH_ENDPOINT },
    hasPropertiesIndex: values.PROPERTIES_INDEX === "true",
    maxEventAgeMs: values.MAX_EVENT_AGE_DAYS * 86_400_000,
    limitsOf: createLimitsOf(values),
    isAccessLogged: values.ACCESS_LOG === "true",
    tracing: toTraceSettings(values, "sluice-edge"),
  };
}

export type Config = ReturnType<typeof parseConfig>;

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Cannot read configuration: ${problems.join("; ")}`);
    this.problems = problems;
  }
}
