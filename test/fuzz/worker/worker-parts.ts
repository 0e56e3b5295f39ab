import postgres from "postgres";
import { createPublisher, type Publisher } from "../../integration/worker/publisher.ts";
import { startWorker, type WorkerProcess } from "../../integration/worker/worker-process.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

/** A real worker with real NATS and PostgreSQL, and nobody else. */
export type WorkerParts = {
  readonly worker: WorkerProcess;
  readonly nats: NatsService;
  readonly database: PostgresService;
  readonly publisher: Publisher;
  readonly sql: postgres.Sql;
  stop(): Promise<void>;
};

export const WORKER_TOKEN = "token-of-the-fuzzed-worker";

/** Room for as many dead letters of 1 MB as a round makes: the worker keeps what it cannot write down in the stream. */
const STREAM_MAX_BYTES = String(4 * 1024 ** 3);

/** The caller stops what it gets. `more` are settings of the worker. */
export async function startWorkerParts(
  more: Readonly<Record<string, string>> = {},
): Promise<WorkerParts> {
  const releases: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const release of releases.toReversed()) await release();
    releases.length = 0;
  };
  try {
    const scratch = await makeTempDir("fuzz");
    releases.push(() => scratch.remove());
    const nats = await startNats();
    releases.push(() => nats.stop());
    const database = await startPostgres();
    releases.push(() => database.stop());
    const sql = postgres(database.url, { max: 2, onnotice: () => {} });
    releases.push(() => sql.end({ timeout: 1 }));
    const publisher = await createPublisher(nats);
    releases.push(() => publisher.close());
    const settings = { WORKER_TOKEN, SCRATCH_DIR: scratch.path, STREAM_MAX_BYTES, ...more };
    const worker = await startWorker({ databaseUrl: database.url, nats }, settings);
    releases.push(() => worker.end("SIGTERM"));
    await worker.waitUntilReady();
    return { worker, nats, database, publisher, sql, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
