import { writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Event } from "../../../contract/event.ts";
import { DEAD_STREAM, EVENTS_STREAM, eventsSubject } from "../../../contract/stream.ts";
import { startDeployedNats } from "../../support/deployed-nats.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { createEvents, createPublisher, type Publisher } from "../worker/publisher.ts";
import { killWorkers, startWorker } from "../worker/worker-process.ts";
import { createNatsCli, type NatsCli } from "./nats-cli.ts";

/** The commands with a real worker and a real database behind them, each as its own user of NATS. */
describe.each([
  ["npm start", startNats],
  ["docker compose", startDeployedNats],
] as const)("an operator, with NATS as configured for %s,", (_name, start) => {
  let nats: NatsService;
  let database: PostgresService;
  let publisher: Publisher;
  let cli: NatsCli;
  let sql: postgres.Sql;

  beforeAll(async () => {
    [nats, database] = await Promise.all([start(), startPostgres()]);
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
    publisher = await createPublisher(nats);
    cli = await createNatsCli(nats);
  });

  afterEach(killWorkers);

  afterAll(async () => {
    await cli?.close();
    await publisher?.close();
    await sql?.end({ timeout: 1 });
    await Promise.all([nats?.stop(), database?.stop()]);
  });

  async function startReadyWorker() {
    const worker = await startWorker({ databaseUrl: database.url, nats });
    await worker.waitUntilReady();
    return worker;
  }

  test("replays dead letters once their cause is mended, and twice harms nothing", async () => {
    await startReadyWorker();
    await sql`alter table events add constraint short_users check (length(user_id) < 20)`;
    const events = createEvents(20).map((event, index) => ({
      ...event,
      user_id: index % 2 === 0 ? "u".repeat(30) : event.user_id,
    }));
    await publisher.publish("mended", events);
    await poll("the dead letters", async () => (await countLetters()) === 10);
    expect(await countRows("mended")).toBe(10);

    const failing = await cli.run("dead", "replay", "--project", "mended");
    expect(failing.stdout).toBe("Replayed 10 dead letters\n");
    await poll("the new letters", async () => (await countLetters()) === 10);

    await sql`alter table events drop constraint short_users`;
    await publisher.publish("mended", events);
    await publisher.waitUntilDrained();
    const { code } = await cli.run("dead", "replay", "--reason", "short_users");
    expect(code).toBe(0);
    await publisher.waitUntilDrained();
    expect(await countLetters()).toBe(0);
    expect(await countRows("mended")).toBe(20);
  });

  test("mends an event by hand and stores it in place of the broken one", async () => {
    await startReadyWorker();
    const [event] = createEvents(1);
    const broken = { ...event, properties: { text: "a\u0000b" } };
    const body = { v: 1, received_at: new Date().toISOString(), request_id: "r", events: [broken] };
    await publisher.publishRaw(eventsSubject("hand"), Buffer.from(JSON.stringify(body)));
    await poll("the dead letter", async () => (await countLetters()) === 1);

    const list = await cli.run("dead", "list", "--json");
    const { position } = JSON.parse(list.stdout) as { position: number };
    const shown = await cli.run("dead", "show", String(position), "--event");
    const mended = { ...(JSON.parse(shown.stdout) as Event), properties: { text: "a b" } };
    writeFileSync(join(cli.cwd, "event.json"), JSON.stringify(mended));
    await cli.run("dead", "replay", String(position), "--with", "event.json");
    await publisher.waitUntilDrained();
    expect(await countLetters()).toBe(0);
    const rows = await sql`select properties from events where project_id = 'hand'`;
    expect(rows).toEqual([{ properties: { text: "a b" } }]);
  });

  test("rebuilds a table that was lost, of one project and then of all", async () => {
    await startReadyWorker();
    await publisher.publish("kept", createEvents(300));
    await publisher.publish("other", createEvents(200));
    await publisher.waitUntilDrained();
    await sql`delete from events`;

    const one = await cli.run("replay", "--since", "1h", "--project", "kept");
    expect(one.stdout).toMatch(/^Replayed 1 message in [\d.]+ s\n$/);
    expect(one.code).toBe(0);
    expect([await countRows("kept"), await countRows("other")]).toEqual([300, 0]);

    const all = await cli.run("replay", "--since", "all", "--json", "--rate", "100000");
    expect(JSON.parse(all.stdout)).toMatchObject({
      name: expect.stringMatching(/^replay-/),
      messages: (await publisher.manager.streams.info(EVENTS_STREAM)).state.messages,
    });
    expect([await countRows("kept"), await countRows("other")]).toEqual([300, 200]);
    expect(await cli.run("replay", "list")).toMatchObject({ stderr: "No replays\n" });
  });

  async function countLetters(): Promise<number> {
    return (await publisher.manager.streams.info(DEAD_STREAM)).state.messages;
  }

  async function countRows(projectId: string): Promise<number> {
    const [row] = await sql<{ rows: number }[]>`
      select count(*)::int as rows from events where project_id = ${projectId}`;
    return row?.rows ?? 0;
  }
});
