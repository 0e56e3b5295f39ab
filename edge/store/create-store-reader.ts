import type { Dialect } from "../../sql/dialect.ts";
import type { Database } from "../database.ts";
import { createDatabaseReader } from "./database-reader.ts";
import { type MeasureDeps, measureHotReader, measureStoreReader } from "./measure-reads.ts";
import type { StoreReader } from "./store-reader.ts";
import { createTieredReader } from "./tiered-reader.ts";
import type { WorkerClient } from "./worker-client.ts";
import { createWorkerReader } from "./worker-reader.ts";

/** One of both there must be; the worker alone can read every store, the database spares a hot read the way over it. */
export function createStoreReader(
  database: { readonly client: Database; readonly dialect: Dialect } | undefined,
  worker: WorkerClient | undefined,
  deps: MeasureDeps,
): StoreReader {
  const reader = worker && measureStoreReader(createWorkerReader(worker), deps);
  if (database !== undefined) {
    const hot = createDatabaseReader(database.client, database.dialect);
    return createTieredReader(measureHotReader(hot, deps), reader);
  }
  if (reader === undefined) throw new TypeError("Cannot read: there is no database and no worker");
  return reader;
}
