import { hostname } from "node:os";
import { z } from "zod";

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

/** Every setting of the worker. docs/configuration.md describes each. */
const environmentSchema = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, "is not a postgres:// URL"),
  NATS_URL: natsServers,
  NATS_USER: z.string().min(1).optional(),
  NATS_PASSWORD: z.string().min(1).optional(),
  WORKER_HOST: z.string().min(1).default("127.0.0.1"),
  WORKER_PORT: integer(0, 65_535, 8_790),
  WORKER_TOKEN: z.string().min(16, "is shorter than 16 characters").optional(),
  /** Names this worker's row in pipeline_progress: two workers that run at once must not share it. */
  WORKER_ID: z.string().min(1).max(200).optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
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
  CHUNK_INTERVAL_DAYS: integer(1, 365, 7),
  HOURLY_REFRESH_MS: integer(100, 3_600_000, 1_000),
  USER_DAYS_REFRESH_MS: integer(100, 3_600_000, 5_000),
  FULL_REFRESH_MS: integer(1_000, 86_400_000, 300_000),
});

export type WorkerEnv = ReturnType<typeof parseEnv>;

/**
 * Reads the worker's settings.
 * @throws {EnvError} that lists every wrong setting.
 */
export function parseEnv(environment: Readonly<Record<string, string | undefined>>) {
  // An empty variable is what `KEY= node …` and compose files leave behind: it means not set.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const result = environmentSchema.safeParse(given);
  if (!result.success) throw new EnvError(result.error.issues.map(describeIssue));
  const { WORKER_ID, ...env } = result.data;
  return { ...env, WORKER_ID: WORKER_ID ?? `${hostname()}:${env.WORKER_PORT || process.pid}` };
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

function describeIssue(issue: z.core.$ZodIssue): string {
  const name = issue.path.join(".");
  const isMissing = issue.code === "invalid_type";
  return `${name} ${isMissing ? "is not set" : issue.message}`;
}
