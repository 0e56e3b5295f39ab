import type { Engine } from "./engine.ts";
import type { WorkerEnv } from "./env.ts";
import type { Logger } from "./logger.ts";
import type { StoreMeter } from "./metrics/store-metrics.ts";

/** The engine that `STORE` names. Each is loaded only where it is used: DuckDB's library alone is 70 MB. */
export async function openEngine(
  env: WorkerEnv,
  logger: Logger,
  meter: StoreMeter,
): Promise<Engine> {
  switch (env.STORE) {
    case "timescale":
      return openTimescale(env, logger, meter);
    case "duckdb": {
      const { createDuckDbEngine } = await import("./duckdb/duckdb-engine.ts");
      const { DUCKDB_PATH: path, DUCKDB_MEMORY_LIMIT: memoryLimit, DUCKDB_THREADS: threads } = env;
      return createDuckDbEngine({
        path,
        threads,
        meter,
        logger,
        ...(memoryLimit === undefined ? {} : { memoryLimit }),
      });
    }
    case "clickhouse": {
      const { createClickHouseEngine } = await import("./clickhouse/clickhouse-engine.ts");
      return createClickHouseEngine({
        url: env.CLICKHOUSE_URL,
        user: env.CLICKHOUSE_USER,
        password: env.CLICKHOUSE_PASSWORD,
        database: env.CLICKHOUSE_DATABASE,
        cluster: env.CLICKHOUSE_CLUSTER,
        meter,
        logger,
      });
    }
  }
}

async function openTimescale(
  env: WorkerEnv & { readonly STORE: "timescale" },
  logger: Logger,
  meter: StoreMeter,
): Promise<Engine> {
  const { createTimescaleEngine } = await import("./timescale/timescale-engine.ts");
  const hot = createTimescaleEngine({
    databaseUrl: env.DATABASE_URL,
    ownerUrl: env.DATABASE_OWNER_URL,
    workerId: env.WORKER_ID,
    chunkIntervalDays: env.CHUNK_INTERVAL_DAYS,
    refresh: {
      hourlyMs: env.HOURLY_REFRESH_MS,
      userDaysMs: env.USER_DAYS_REFRESH_MS,
      repairEveryMs: env.FULL_REFRESH_MS,
    },
    indexes: {
      hotProperties: env.HOT_PROPERTIES,
      hasPropertiesIndex: env.PROPERTIES_INDEX,
      hasUserIndex: env.USER_INDEX,
    },
    meter,
    logger,
  });
  if (env.COLD_URL === undefined) return hot;
  const { createTieredEngine } = await import("./cold/tiered-engine.ts");
  return createTieredEngine({
    hot,
    databaseUrl: env.DATABASE_URL,
    ownerUrl: env.DATABASE_OWNER_URL,
    place: {
      url: env.COLD_URL,
      scratchDir: env.SCRATCH_DIR,
      s3: {
        endpoint: env.COLD_S3_ENDPOINT,
        region: env.COLD_S3_REGION,
        accessKeyId: env.COLD_S3_ACCESS_KEY_ID,
        secretAccessKey: env.COLD_S3_SECRET_ACCESS_KEY,
      },
    },
    hotDays: env.HOT_DAYS,
    archiveEveryMs: env.ARCHIVE_EVERY_MS,
    meter,
    logger,
  });
}
