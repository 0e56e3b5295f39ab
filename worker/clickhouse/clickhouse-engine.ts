import type { Engine } from "../engine.ts";
import type { Logger } from "../logger.ts";
import type { StoreMeter } from "../metrics/store-metrics.ts";
import { MigrationError } from "../migrations.ts";
import { createStreamProgress, type StreamProgress } from "../stream-progress.ts";
import { kindOfClickHouseError } from "./clickhouse-error.ts";
import { createClickHouseReader } from "./clickhouse-reader.ts";
import { createClickHouseWriter } from "./clickhouse-writer.ts";
import { type ClickHouseOptions, connectClickHouse } from "./database.ts";
import { createErasedUsers, eraseUser } from "./erased-users.ts";
import { createDatabase, migrate } from "./migrate.ts";
import { createSchema } from "./schema.ts";

export type ClickHouseEngineOptions = ClickHouseOptions & {
  /** As `on cluster` names it, a macro such as `{cluster}` too; without it the schema is that of one node. */
  readonly cluster: string | undefined;
  readonly meter?: Pick<StoreMeter, "inserted"> | undefined;
  readonly logger: Logger;
};

/** ClickHouse, one node or a cluster. All that is committed is in every answer at once: there is nothing to keep fresh. */
export function createClickHouseEngine(options: ClickHouseEngineOptions): Engine {
  const { logger } = options;
  const schema = createSchema(options.database, options.cluster);
  const clickHouse = connectClickHouse(options);
  const erasedUsers = createErasedUsers(clickHouse, schema);
  let progress: StreamProgress | undefined;
  let version: string | undefined;

  return {
    name: "clickhouse",
    reader: createClickHouseReader({ clickHouse, asOf: () => progress?.asOf() ?? null }),
    async prepare() {
      const server = connectClickHouse({ ...options, database: "default" });
      try {
        const [row] = await server.ask<{ version: string }>("select version() as version");
        version = row?.version;
        await createDatabase(server, schema);
      } finally {
        await server.close();
      }
      await migrate(clickHouse, schema, logger);
    },
    isPermanent: (error) =>
      error instanceof MigrationError && kindOfClickHouseError(error.cause) !== "retryable",
    kindOf: kindOfClickHouseError,
    async start(manager) {
      progress ??= createStreamProgress({ manager, logger });
    },
    openWriter: () => createClickHouseWriter(clickHouse, schema, options.meter),
    async run(stop) {
      await progress?.run(stop);
    },
    async finish() {},
    async eraseUser(projectId, userId) {
      const erasedAt = new Date().toISOString();
      const events = await eraseUser(clickHouse, schema, { projectId, userId, erasedAt });
      return { erased_at: erasedAt, removed: { hot: events } };
    },
    findErased: async (events) => new Set((await erasedUsers.findErased(events)).keys()),
    readAsOfMs: async () => progress?.asOfMs(),
    describe: () => ({ version, database: schema.database, cluster: schema.cluster }),
    async checkHealth() {
      await clickHouse.ask("select 1 from events limit 0");
    },
    close: () => clickHouse.close(),
  };
}
