/** What becomes of edge and worker when a password of theirs changes in NATS, as when all of them are rotated. */
import { readFile, writeFile } from "node:fs/promises";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createNatsPublisher } from "../../../edge/publish/nats-publisher.ts";
import { NATS_WEBSOCKET } from "../../../edge/publish/nats-websocket.ts";
import { prepareNats } from "../../../local/nats-server.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { createEvents, createPublisher, type Publisher } from "../worker/publisher.ts";
import { killWorkers, startWorker, type WorkerProcess } from "../worker/worker-process.ts";

let nats: NatsService;
let database: PostgresService;
let publisher: Publisher;
let configPath: string;

beforeAll(async () => {
  const prepare: typeof prepareNats = async (options) => {
    const part = await prepareNats(options);
    configPath = part.args.at(-1) ?? "";
    return part;
  };
  [nats, database] = await Promise.all([startNats(prepare), startPostgres()]);
  publisher = await createPublisher(nats);
});

afterEach(killWorkers);

afterAll(async () => {
  await publisher?.close();
  await Promise.all([nats?.stop(), database?.stop()]);
});

it("a worker whose password is changed ends, and one with the new password goes on", async () => {
  const worker = await startWorker({ databaseUrl: database.url, nats });
  await worker.waitUntilReady();
  await changePassword("worker", "another");
  expect(await worker.ended()).toBe(1);
  expect(await lastWords(worker, "worker crashed")).toContain(
    "Cannot go on: NATS refuses the worker",
  );
  await publisher.publish("rotated", createEvents(3));
  await (
    await startWorker({ databaseUrl: database.url, nats }, { NATS_PASSWORD: "another" })
  ).waitUntilReady();
  await publisher.waitUntilDrained();
  const sql = postgres(database.url, { max: 1 });
  const [row] = await sql`select count(*)::int as rows from events where project_id = 'rotated'`;
  await sql.end();
  expect(row).toEqual({ rows: 3 });
});

it("a worker with a wrong password does not start, and says why", async () => {
  const worker = await startWorker({ databaseUrl: database.url, nats }, { NATS_PASSWORD: "wrong" });
  expect(await worker.ended()).toBe(1);
  expect(await lastWords(worker, "worker failed")).toMatch(/authorization violation/i);
});

it("an edge whose password is changed is told why it cannot publish, and keeps its events", async () => {
  const edge = createNatsPublisher(
    { servers: [nats.websocketUrl], ...nats.edge, name: "test" },
    NATS_WEBSOCKET,
  );
  const message = {
    subject: "events.demo",
    messageId: "id",
    payload: new Uint8Array(1),
    events: 1,
  };
  expect((await edge.publish(message)).status).toBe("stored");
  await changePassword("edge", "another");
  const outcome = await poll("the refusal", async () => {
    const { status, ...rest } = await edge.publish(message);
    return status === "unreachable" && /AUTHORIZATION/i.test(JSON.stringify(rest));
  });
  expect(outcome).toBe(true);
});

/** What it logged may still be on its way when it has ended. */
function lastWords({ logs }: WorkerProcess, msg: string): Promise<string> {
  return poll(`"${msg}"`, () => {
    const line = logs.find((logged) => logged.msg === msg);
    return line && JSON.stringify(line.err);
  });
}

/** Restarts the server with it, as a changed environment does. */
async function changePassword(user: string, password: string): Promise<void> {
  const config = await readFile(configPath, "utf8");
  await writeFile(
    configPath,
    config.replace(`$NATS_${user.toUpperCase()}_PASSWORD`, `"${password}"`),
  );
  await nats.restart();
}
