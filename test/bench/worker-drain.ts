import postgres from "postgres";
import { encodeEnvelope, encodeEvent } from "../../contract/envelope.ts";
import { EVENTS_STREAM, eventsSubject } from "../../contract/stream.ts";
import { decodeDelivery } from "../../worker/delivery.ts";
import type { EventRow } from "../../worker/event-row.ts";
import { connectDatabase, type Sql } from "../../worker/timescale/database.ts";
import { encodeForCopy, insertByCopy } from "../../worker/timescale/insert-by-copy.ts";
import { encodeColumns, insertByUnnest } from "../../worker/timescale/insert-by-unnest.ts";
import { sortByKey, UNNEST_ROWS } from "../../worker/timescale/timescale-writer.ts";
import { createPublisher, type Publisher } from "../integration/worker/publisher.ts";
import { killWorkers, startWorker } from "../integration/worker/worker-process.ts";
import { type NatsService, startNats } from "../support/nats.ts";
import { poll } from "../support/poll.ts";
import { startPostgres } from "../support/postgres.ts";
import { startTimescale } from "../support/timescale.ts";
import { createBenchEvents } from "./bench-events.ts";
import { report } from "./report.ts";
import { median, round, spread } from "./statistics.ts";

const EVENTS = 200_000;
const EVENTS_A_MESSAGE = 500;
const ROUNDS = 5;
const CONNECTIONS = 2;
const COPY_ROWS = 10_000;
const PROJECT = "bench";

type Insert = (sql: Sql) => Promise<number>;
/** Encodes rows ahead of the time that is measured. */
type Prepare = (rows: readonly EventRow[]) => Insert;

const byCopy: Prepare = (rows) => {
  const encoded = encodeForCopy(rows);
  return (sql) => sql.begin((transaction) => insertByCopy(transaction, encoded));
};

const byUnnest: Prepare = (rows) => {
  const columns = encodeColumns(rows);
  return (sql) => insertByUnnest(sql, columns);
};

/** Rows a second from a full stream into the database, over those of the bare insert statement. */
export async function benchWorkerDrain(): Promise<void> {
  await compare("native PostgreSQL", startPostgres, COPY_ROWS, byCopy);
  await compare("embedded TimescaleDB", startTimescale, UNNEST_ROWS, byUnnest);
}

type Database = { readonly url: string; stop(): Promise<void> };

async function compare(
  name: string,
  startDatabase: () => Promise<Database>,
  statementRows: number,
  prepare: Prepare,
): Promise<void> {
  const [nats, database] = await Promise.all([startNats(), startDatabase()]);
  const publisher = await createPublisher(nats);
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    // Creates the schema and the streams.
    const first = await startWorker({ databaseUrl: database.url, nats });
    await first.waitUntilReady();
    await first.end("SIGTERM");
    const drained: number[] = [];
    const bare: number[] = [];
    for (let index = 0; index <= ROUNDS; index += 1) {
      await sql`truncate events`;
      const drainedRate = await measureDrain(publisher, nats, database.url);
      await assertRows(sql);
      await sql`truncate events`;
      const bareRate = await measureBare(database.url, statementRows, prepare);
      await assertRows(sql);
      // The first round warms both up.
      if (index > 0) {
        drained.push(drainedRate);
        bare.push(bareRate);
      }
    }
    const ratios = drained.map((rate, index) => rate / (bare[index] ?? Number.NaN));
    report(`drain, ${name}`, {
      "drained, rows/s": spread(drained, 0),
      "bare statement, rows/s": spread(bare, 0),
      ratio: round(median(drained) / median(bare)),
      "ratio by rounds": spread(ratios),
    });
  } finally {
    await killWorkers();
    await publisher.close();
    await sql.end({ timeout: 1 });
    await Promise.all([nats.stop(), database.stop()]);
  }
}

/** From the worker's first fetch until the last acknowledgement. */
async function measureDrain(
  publisher: Publisher,
  nats: NatsService,
  databaseUrl: string,
): Promise<number> {
  for (let sent = 0; sent < EVENTS; sent += EVENTS_A_MESSAGE) {
    await publisher.publish(PROJECT, createBenchEvents(EVENTS_A_MESSAGE));
  }
  const settings = { WRITE_CONNECTIONS: String(CONNECTIONS) };
  const worker = await startWorker({ databaseUrl, nats }, settings);
  const beganMs = await poll("the worker started", () => {
    const line = worker.logs.find(({ msg }) => msg === "worker started");
    return line === undefined ? undefined : Date.parse(String(line.time));
  });
  await publisher.waitUntilDrained(120_000);
  const tookMs = Date.now() - beganMs;
  await worker.end("SIGTERM");
  await publisher.manager.streams.purge(EVENTS_STREAM);
  return (EVENTS * 1_000) / tookMs;
}

async function measureBare(
  databaseUrl: string,
  statementRows: number,
  prepare: Prepare,
): Promise<number> {
  const rows = createRows();
  const inserts: Insert[] = [];
  for (let from = 0; from < rows.length; from += COPY_ROWS) {
    const batch = sortByKey(rows.slice(from, from + COPY_ROWS));
    for (let at = 0; at < batch.length; at += statementRows) {
      inserts.push(prepare(batch.slice(at, at + statementRows)));
    }
  }
  const sql = connectDatabase(databaseUrl, CONNECTIONS);
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => sql`select 1`));
    const beganMs = performance.now();
    const work = inserts.values();
    const insertAll = async () => {
      for (const insert of work) await insert(sql);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, insertAll));
    return (EVENTS * 1_000) / (performance.now() - beganMs);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The rows of messages such as those that are drained. */
function createRows(): EventRow[] {
  const header = { received_at: new Date().toISOString(), request_id: "bench" };
  const rows: EventRow[] = [];
  for (let seq = 1; rows.length < EVENTS; seq += 1) {
    const events = createBenchEvents(EVENTS_A_MESSAGE);
    const data = encodeEnvelope(header, events.map(encodeEvent));
    const message = { subject: eventsSubject(PROJECT), seq, data, time: new Date() };
    rows.push(...decodeDelivery(message).rows);
  }
  return rows;
}

async function assertRows(sql: postgres.Sql): Promise<void> {
  const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from events`;
  if (row?.rows !== EVENTS) throw new Error(`Cannot measure: ${row?.rows} rows are stored`);
}
