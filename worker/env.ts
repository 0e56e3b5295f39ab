import { readFileSync } from "node:fs";
import { availableParallelism, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { findLoginFaults, natsCreds } from "../contract/nats-creds.ts";
import {
  ENVIRONMENTS,
  findProductionFaults,
  type SettingFault,
} from "../contract/production-faults.ts";
import { PROJECT_ID_PATTERN } from "../contract/project.ts";
import { readSecretFiles } from "../contract/secret-files.ts";
import { TRACE_VARS } from "../contract/trace/trace-settings.ts";

const MIB = 1024 * 1024;

const natsServers = z.string().transform((text, context) => {
  const servers = text
    .split(",")
    .map((server) => server.trim())
    .filter((server) => server !== "");
  if (servers.length > 0) return servers;
  context.addIssue({ code: "custom", message: "names no server" });
  return z.NEVER;
});

const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, "is not a postgres:// URL");

/** `project.key,project.key`: a key has no comma. */
const hotProperties = z.string().transform((text, context) => {
  const properties = text.split(",").map((entry) => {
    const [, projectId = "", key = ""] = /^\s*([^.]*)\.(.*?)\s*$/s.exec(entry) ?? [];
    return { projectId, key };
  });
  if (properties.every(({ projectId, key }) => PROJECT_ID_PATTERN.test(projectId) && key !== "")) {
    return properties;
  }
  context.addIssue({ code: "custom", message: "is not a list such as shop.plan,shop.country" });
  return z.NEVER;
});

/** What every worker has, whatever it stores events in. */
const common = {
  ENVIRONMENT: z.enum(ENVIRONMENTS, "is neither development nor production").default("development"),
  NATS_URL: natsServers,
  NATS_USER: z.string().min(1).optional(),
  NATS_PASSWORD: z.string().min(1).optional(),
  NATS_CREDS: natsCreds.optional(),
  WORKER_HOST: z.string().min(1).default("127.0.0.1"),
  WORKER_PORT: integer(0, 65_535, 8_790),
  WORKER_TOKEN: z.string().min(16, "is shorter than 16 characters").optional(),
  /** Reads `/metrics`, as the WORKER_TOKEN does, and nothing else. */
  METRICS_TOKEN: z.string().min(16, "is shorter than 16 characters").optional(),
  /** Names this worker's row in pipeline_progress: two workers that run at once must not share it. */
  WORKER_ID: z.string().min(1).max(200).optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  ACCESS_LOG: flag(),
  BATCH_MAX_ROWS: integer(1, 200_000, 10_000),
  BATCH_MAX_BYTES: integer(1_024, 256 * MIB, 8 * MIB),
  BATCH_MAX_WAIT_MS: integer(0, 10_000, 50),
  WRITE_CONNECTIONS: integer(1, 16, 2),
  /** Of messages fetched and not yet committed; one message may be 1 MiB. */
  MAX_IN_FLIGHT_BYTES: integer(2 * MIB, 4_096 * MIB, 64 * MIB),
  /** So long a crash delays the messages that the worker held. */
  ACK_WAIT_MS: integer(2_000, 3_600_000, 10_000),
  STREAM_MAX_BYTES: integer(MIB, Number.MAX_SAFE_INTEGER, 8_192 * MIB),
  STREAM_MAX_AGE_HOURS: integer(1, 24 * 365, 72),
  STREAM_REPLICAS: integer(1, 5, 1),
  /** For exports in Parquet, and for what the cold tier is about to move or has fetched. */
  SCRATCH_DIR: z.string().min(1).default(join(tmpdir(), "sluice")),
  ...TRACE_VARS,
};

/** Without a COLD_URL everything stays in the database. */
const cold = {
  COLD_URL: z
    .string()
    .regex(/^(file:\/\/\/|s3:\/\/[^/]+)/, "is neither file:///folder nor s3://bucket/prefix")
    .optional(),
  COLD_S3_ENDPOINT: z.url("is not a URL").optional(),
  COLD_S3_REGION: z.string().min(1).default("auto"),
  COLD_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  COLD_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  HOT_DAYS: integer(1, 36_500, 30),
  ARCHIVE_EVERY_MS: integer(1_000, 7 * 86_400_000, 3_600_000),
};

const timescale = z.object({
  STORE: z.literal("timescale").default("timescale"),
  DATABASE_URL: postgresUrl,
  /** Of a role that owns the tables, where that of DATABASE_URL does not. */
  DATABASE_OWNER_URL: postgresUrl.optional(),
  ...common,
  ...cold,
  CHUNK_INTERVAL_DAYS: integer(1, 365, 7),
  HOURLY_REFRESH_MS: integer(100, 3_600_000, 1_000),
  USER_DAYS_REFRESH_MS: integer(100, 3_600_000, 5_000),
  FULL_REFRESH_MS: integer(1_000, 86_400_000, 300_000),
  /** Properties with an index of their own, `project.key` each. */
  HOT_PROPERTIES: hotProperties.default([]),
  /** A GIN index on all properties. The edge needs the same setting. */
  PROPERTIES_INDEX: flag(),
  /** An index for users' timelines. */
  USER_INDEX: flag(),
});

const duckdb = z.object({
  STORE: z.literal("duckdb"),
  ...common,
  DUCKDB_PATH: z.string().min(1),
  /** By default 80 % of the machine's, and all its processors. */
  DUCKDB_MEMORY_LIMIT: z
    .string()
    .regex(/^\d+(MB|GB)$/, "is no size such as 2GB")
    .optional(),
  DUCKDB_THREADS: integer(1, 256, availableParallelism()),
});

const clickhouse = z.object({
  STORE: z.literal("clickhouse"),
  ...common,
  CLICKHOUSE_URL: z.url("is not a URL"),
  CLICKHOUSE_USER: z.string().min(1).default("default"),
  CLICKHOUSE_PASSWORD: z.string().default(""),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, "is no plain name")
    .default("sluice"),
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z0-9_{}-]{1,100}$/, "is no plain name")
    .optional(),
});

/** Every setting of the worker, by engine; worker/setting-notes.ts describes each. */
export const STORES = { timescale, duckdb, clickhouse };

/** Each may also be the content of the file that NAME_FILE names. */
export const SECRETS = [
  "DATABASE_URL",
  "DATABASE_OWNER_URL",
  "NATS_PASSWORD",
  "NATS_CREDS",
  "WORKER_TOKEN",
  "METRICS_TOKEN",
  "CLICKHOUSE_PASSWORD",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "COLD_S3_ACCESS_KEY_ID",
  "COLD_S3_SECRET_ACCESS_KEY",
];

export type WorkerEnv = ReturnType<typeof parseEnv>;

/**
 * Reads the worker's settings, and the files that hold its secrets.
 * @throws {EnvError} that lists every wrong setting.
 */
export function parseEnv(environment: Readonly<Record<string, string | undefined>>) {
  const { settings, faults } = readSecretFiles(environment, SECRETS, (path) =>
    readFileSync(path, "utf8"),
  );
  // An empty variable is what `KEY= node …` and compose files leave behind: it means not set.
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ""));
  const store = given.STORE ?? "timescale";
  if (!Object.hasOwn(STORES, store)) {
    throw new EnvError([`STORE "${store}" is none of ${Object.keys(STORES).join(", ")}`]);
  }
  const schema = STORES[store as keyof typeof STORES];
  const result = schema.safeParse(given);
  const problems = [
    ...faults.map(describeFault),
    ...(result.error?.issues ?? []).map(describeIssue),
    ...findLoginFaults(given).map(describeFault),
    ...(given.ENVIRONMENT === "production" ? inProduction(given, Object.keys(schema.shape)) : []),
  ];
  if (!result.success || problems.length > 0) throw new EnvError(problems);
  const env = result.data;
  return { ...env, WORKER_ID: env.WORKER_ID ?? `${hostname()}:${env.WORKER_PORT || process.pid}` };
}

export class EnvError extends Error {
  override readonly name = "EnvError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Cannot read environment: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

function integer(min: number, max: number, byDefault: number) {
  const range = `is not a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, range)
    .transform(Number)
    .refine((value) => value >= min && value <= max, range)
    .default(byDefault);
}

function flag() {
  return z
    .enum(["true", "false"], "is neither true nor false")
    .default("false")
    .transform((text) => text === "true");
}

/** Of the settings that are used: another store's may be anything. */
function inProduction(
  settings: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): string[] {
  const used = Object.fromEntries(names.map((name) => [name, settings[name]]));
  return findProductionFaults(used).map(describeFault);
}

function describeFault({ name, message }: SettingFault): string {
  return `${name} ${message}`;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const name = issue.path.join(".");
  const isMissing = issue.code === "invalid_type";
  return `${name} ${isMissing ? "is not set" : issue.message}`;
}
