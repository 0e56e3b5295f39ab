import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClickHouseEngine } from "../../../worker/clickhouse/clickhouse-engine.ts";
import { type ClickHouse, connectClickHouse } from "../../../worker/clickhouse/database.ts";
import { readSchema } from "../../../worker/clickhouse/migrate.ts";
import { openClickHouseEngine } from "../../support/clickhouse-engine.ts";
import { type ClickHouseService, startClickHouse } from "../../support/clickhouse-server.ts";

const PASSWORD = "right:and=long";

let server: ClickHouseService;

beforeAll(async () => {
  server = await startClickHouse({ password: PASSWORD });
});
afterAll(() => server?.stop());

describe("prepare()", () => {
  it("makes the schema once, also by several workers at the same time", async () => {
    const open = () => openClickHouseEngine(server.url, { database: "many", password: PASSWORD });
    const engines = await Promise.all([open(), open(), open()]);
    for (const engine of engines) {
      await engine.checkHealth();
      await engine.prepare();
      await engine.close();
    }
    const database = connect("many");
    const applied = await database.ask<{ name: string }>(
      "select distinct name from sluice_migrations order by name",
    );
    const wanted = await readSchema({ cluster: undefined, database: "many" });
    expect(applied.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
    await database.close();
  });

  it("refuses, for good, when an applied file has changed since", async () => {
    const options = { database: "changed", password: PASSWORD };
    const engine = await openClickHouseEngine(server.url, options);
    const database = connect("changed");
    await database.command(
      "alter table sluice_migrations update checksum = 'other' where name = '0001_events'",
      { settings: { mutations_sync: 1 } },
    );
    const error = await engine.prepare().catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      message: 'Cannot migrate: "0001_events" was applied and its file has changed since',
    });
    expect(engine.isPermanent(error)).toBe(true);
    await database.close();
    await engine.close();
  });

  it("says what ClickHouse says of a wrong password, and may be tried again", async () => {
    const engine = createClickHouseEngine({
      url: server.url,
      user: "default",
      password: "wrong",
      database: "sluice",
      cluster: undefined,
      logger: pino({ level: "silent" }),
    });
    const error = await engine.prepare().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ message: expect.stringContaining("Authentication failed") });
    expect(engine.isPermanent(error)).toBe(false);
    await engine.close();
  });
});

// No Keeper runs here, so that no replicated table can be made: ClickHouse's parser reads the statements, which is all that is seen of them.
describe("the schema of a cluster", async () => {
  const migrations = await readSchema({ cluster: "{cluster}", database: "sluice" });
  const statements = migrations.flatMap(({ name, statements }) =>
    statements.map((text) => ({ name, text })),
  );

  it("has the files of one node", async () => {
    const single = await readSchema({ cluster: undefined, database: "sluice" });
    expect(migrations.map(({ name }) => name)).toEqual(single.map(({ name }) => name));
  });

  it.each(statements)("$name is a statement on all nodes", async ({ text }) => {
    expect(text).not.toContain("$");
    expect(text).toContain("on cluster '{cluster}'");
    expect(await parse(text)).toMatch(/^CreateQuery/);
  });

  it.each([
    ["alter table events_local on cluster '{cluster}' apply deleted mask", "AlterQuery"],
    ["delete from events_local on cluster '{cluster}' where user_id = 'u'", "DeleteQuery"],
  ])("%s is one, too", async (text, query) => {
    expect(await parse(text)).toContain(query);
  });
});

/** What ClickHouse's parser makes of a statement. */
async function parse(text: string): Promise<string> {
  const authorization = `Basic ${btoa(`default:${PASSWORD}`)}`;
  const response = await fetch(server.url, {
    method: "POST",
    headers: { authorization },
    body: `explain ast ${text}`,
  });
  return response.text();
}

function connect(database: string): ClickHouse {
  return connectClickHouse({ url: server.url, user: "default", password: PASSWORD, database });
}
