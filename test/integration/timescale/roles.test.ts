/** What the roles of deploy/database-roles.sql may not do, on a PostgreSQL where each logs in. */
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNeonDatabase } from "../../../edge/database.ts";
import { startNeonHttp } from "../../../local/neon-http.ts";
import { connectDatabase, type Sql } from "../../../worker/timescale/database.ts";
import { migrate } from "../../../worker/timescale/migrate.ts";
import { areOlderSnapshotsGone } from "../../../worker/timescale/older-snapshots.ts";
import { createTimescaleEngine } from "../../../worker/timescale/timescale-engine.ts";
import {
  applyDatabaseRoles,
  loginsOf,
  ROLE_PASSWORDS,
  type RoleUrls,
} from "../../support/database-roles.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { logger } from "../cold/cold-stack.ts";

const READ_ONLY = "25006";
const FORBIDDEN = "42501";

let database: PostgresService;
let roles: RoleUrls;
let admin: postgres.Sql;

beforeAll(async () => {
  database = await startPostgres();
  roles = loginsOf(database.url);
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
  await applyDatabaseRoles(database.url);
  await migrateAsOwner();
  await admin`
    insert into events
    values ('shop', gen_random_uuid(), now(), now(), 'view', 'user', '{}')`;
});

afterAll(async () => {
  await admin?.end({ timeout: 1 });
  await database?.stop();
});

describe("deploy/database-roles.sql", () => {
  it("says which passwords are missing, and makes nothing then", async () => {
    const { DATABASE_EDGE_PASSWORD: _, ...others } = ROLE_PASSWORDS;
    const applying = applyDatabaseRoles(database.url, { ...others, DATABASE_WORKER_PASSWORD: "" });
    await expect(applying).rejects.toThrow(
      "Cannot make roles: no value for DATABASE_WORKER_PASSWORD, DATABASE_EDGE_PASSWORD",
    );
  });

  it("lets three roles log in with a password of their own, and nobody as the owner", async () => {
    const logins = await admin`
      select rolname as name, rolcanlogin as logs_in, rolsuper or rolcreaterole or rolcreatedb as is_mighty, rolconnlimit as connections
      from pg_authid where rolname like 'sluice\_%' order by rolname`;
    expect(logins).toEqual([
      { name: "sluice_edge", logs_in: true, is_mighty: false, connections: 50 },
      { name: "sluice_maintenance", logs_in: true, is_mighty: false, connections: 100 },
      { name: "sluice_owner", logs_in: false, is_mighty: false, connections: -1 },
      { name: "sluice_worker", logs_in: true, is_mighty: false, connections: -1 },
    ]);
    const hashes = await admin<{ hash: string }[]>`
      select rolpassword as hash from pg_authid where rolname like 'sluice\_%' and rolcanlogin`;
    for (const { hash } of hashes) expect(hash).toMatch(/^SCRAM-SHA-256\$/);
  });

  it("changes a password when it is run again", async () => {
    const hashOf = async (role: string) => {
      const [row] = await admin`select rolpassword from pg_authid where rolname = ${role}`;
      return row?.rolpassword;
    };
    const before = [await hashOf("sluice_edge"), await hashOf("sluice_worker")];
    await applyDatabaseRoles(database.url, { ...ROLE_PASSWORDS, DATABASE_EDGE_PASSWORD: "new" });
    expect(await hashOf("sluice_edge")).not.toBe(before[0]);
    await applyDatabaseRoles(database.url);
  });
});

describe("sluice_edge", () => {
  const statements = [
    "insert into events select * from events",
    "update events set user_id = 'x'",
    "delete from events",
    "truncate events",
    "drop table events",
    "alter table events add column x int",
    "create table mine (x int)",
    "create temporary table mine (x int)",
    "create schema mine",
    "create function mine() returns int language sql as 'select 1'",
    "create view mine as select 1",
    "select * from erasures",
    "select * from cold_files",
    "select * from pipeline_progress",
    "select * from sluice_migrations",
    "select * from pg_authid",
    "select * from events for update",
    "copy events to program 'id'",
    "copy events to '/tmp/events'",
    "copy events from program 'id'",
    "select pg_read_file('PG_VERSION')",
    "select pg_ls_dir('.')",
    "select lo_create(1)",
    "select pg_advisory_lock(1)",
    "select pg_try_advisory_xact_lock_shared(1, 2)",
    "set role sluice_owner",
    "set role sluice_worker",
    "set session authorization sluice_owner",
    "alter role sluice_worker password 'x'",
    "set temp_file_limit = -1",
    "set log_statement = 'none'",
  ];

  it.each(statements)("may not: %s", async (statement) => {
    expect([READ_ONLY, FORBIDDEN]).toContain(await codeOf(roles.edge, [statement]));
  });

  // A session may leave read-only mode; what then holds is that nothing is granted.
  it.each(statements)("may not, when it has made itself a writer: %s", async (statement) => {
    expect(await codeOf(roles.edge, ["set transaction read write", statement])).toBe(FORBIDDEN);
  });

  it("reads what the edge's statements name", async () => {
    for (const relation of ["events", "events_hourly", "user_days", "pipeline_as_of", "hot_floor"])
      expect(await codeOf(roles.edge, [`select * from ${relation}`])).toBeUndefined();
  });

  it("has its time-outs from the start", async () => {
    const edge = postgres(roles.edge, { max: 1 });
    const [row] = await edge`
      select
        current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle,
        current_setting('default_transaction_read_only') as is_read_only,
        current_setting('temp_file_limit') as disk`;
    await edge.end();
    expect(row).toEqual({ statement: "5s", idle: "10s", is_read_only: "on", disk: "1GB" });
  });

  it("is cut off by the database, which the edge answers with 504", async () => {
    const neonHttp = await startNeonHttp({ databaseUrl: roles.edge, port: 0 });
    try {
      const fetchEndpoint = `${neonHttp.url}/sql`;
      const edge = createNeonDatabase({ url: roles.edge, fetchEndpoint, timeoutMs: 50_000 });
      const reading = edge.query({ text: "select pg_sleep(40)", params: [] });
      await expect(reading).rejects.toMatchObject({ slug: "store-timeout" });
    } finally {
      await neonHttp.close();
    }
  });
});

describe("sluice_worker", () => {
  it.each([
    "drop table events",
    "alter table events add column x int",
    "alter table events disable trigger all",
    "truncate events",
    "delete from events",
    "update events set user_id = 'x'",
    "create index on events (user_id)",
    "delete from erasures",
    "insert into erasures values ('shop', 'user', now())",
    "update cold_tier set floor = null",
    "select * from sluice_migrations",
    "create table mine (x int)",
    "create schema mine",
    "drop view hot_floor",
    "alter role sluice_edge superuser",
    "select * from pg_authid",
    "copy events to program 'id'",
    "select pg_read_file('PG_VERSION')",
    "select lo_create(1)",
    "set role sluice_owner",
    "set role sluice_edge",
  ])("may not: %s", async (statement) => {
    expect(await codeOf(roles.worker, [statement])).toBe(FORBIDDEN);
  });

  it.each([
    "insert into events select project_id, gen_random_uuid(), occurred_at, received_at, event_type, user_id, properties from events",
    "create temporary table staging (x int)",
    "select pg_advisory_xact_lock_shared(1, 2)",
    "insert into pipeline_progress values ('w', now(), now())",
    "delete from cold_files",
  ])("may: %s", async (statement) => {
    expect(await codeOf(roles.worker, [statement])).toBeUndefined();
  });
});

describe("the owner", () => {
  it("gives each role what a migration has made, or somebody has taken", async () => {
    await admin`revoke all on events, erasures from sluice_worker, sluice_edge`;
    expect(await codeOf(roles.edge, ["select * from events"])).toBe(FORBIDDEN);
    await migrateAsOwner();
    expect(await codeOf(roles.edge, ["select * from events"])).toBeUndefined();
    expect(await codeOf(roles.worker, ["select * from erasures"])).toBeUndefined();
  });

  it("sees statements of the other roles, which an erasure waits for", async () => {
    const owner = connectDatabase(roles.owner, 1);
    const edge = postgres(roles.edge, { max: 1 });
    const reader = await edge.reserve();
    try {
      await reader`begin isolation level repeatable read`;
      await reader`select 1 from events`;
      const [row] = await owner<{ xid: string }[]>`
        insert into erasures values ('shop', 'nobody', now())
        returning pg_current_xact_id()::xid::text as xid`;
      const xid = row?.xid ?? "";
      expect(await areOlderSnapshotsGone(owner, xid, AbortSignal.timeout(300))).toBe(false);
      await reader`commit`;
      expect(await areOlderSnapshotsGone(owner, xid, AbortSignal.timeout(30_000))).toBe(true);
    } finally {
      reader.release();
      await Promise.all([edge.end(), owner.end()]);
    }
  });

  it("is refused by the worker when it does not see them", async () => {
    await admin`revoke pg_read_all_stats from sluice_owner`;
    const engine = createTimescaleEngine({
      databaseUrl: roles.worker,
      ownerUrl: roles.owner,
      workerId: "test",
      chunkIntervalDays: 7,
      refresh: { hourlyMs: 1_000, userDaysMs: 1_000, repairEveryMs: 60_000 },
      indexes: { hotProperties: [], hasPropertiesIndex: false, hasUserIndex: false },
      logger,
    });
    try {
      const error: unknown = await engine.prepare().catch((cause: unknown) => cause);
      expect(error).toMatchObject({
        message:
          'Cannot use DATABASE_OWNER_URL: role "sluice_owner" does not see what other roles run: grant pg_read_all_stats to it',
      });
      expect(engine.isPermanent(error)).toBe(true);
    } finally {
      await engine.close();
      await admin`grant pg_read_all_stats to sluice_owner`;
    }
  });
});

async function migrateAsOwner(): Promise<void> {
  const owner = connectDatabase(roles.owner, 1);
  try {
    await migrate(owner, "none", { chunkIntervalDays: 7, logger });
  } finally {
    await owner.end();
  }
}

/** The SQLSTATE of the last statement, all of them in one transaction that is rolled back; undefined when it works. */
async function codeOf(url: string, statements: readonly string[]): Promise<string | undefined> {
  const sql: Sql = connectDatabase(url, 1);
  const session = await sql.reserve();
  try {
    await session`begin`;
    for (const statement of statements) await session.unsafe(statement).simple();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await session`rollback`;
    session.release();
    await sql.end({ timeout: 1 });
  }
}
