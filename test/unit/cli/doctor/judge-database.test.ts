import { describe, expect, test } from "vitest";
import {
  judgeClickHouse,
  judgeDatabase,
  judgeDatabaseHttp,
} from "../../../../cli/doctor/judge-database.ts";
import type { DatabaseFacts } from "../../../../cli/parts/look-at-database.ts";
import { complaints, databaseFacts, LOCAL, NAMED, reply, SILENT, told } from "./facts.ts";

const ACCESS = {
  deployment: NAMED,
  database: new URL("postgres://sluice_edge:secret@db.test/sluice"),
  databaseHttp: new URL("https://neon.test/sql"),
};
const LOCALLY = { ...ACCESS, deployment: LOCAL };

function judge(given: Partial<DatabaseFacts>, access = ACCESS) {
  return complaints(judgeDatabase(told(databaseFacts(given)), access));
}

describe("judgeDatabase()", () => {
  test("has nothing against one that is well", () => {
    expect(judge({})).toEqual([]);
    expect(judge({ user: "sluice_worker", mayWrite: true })).toEqual([]);
    expect(judge({ user: "postgres", isSuperuser: true, mayWrite: true }, LOCALLY)).toEqual([]);
  });

  test.each([
    [ACCESS, "set DATABASE_URL to the edge's, or to the worker's"],
    [LOCALLY, "events are in no database server: the worker answers for its store"],
  ])("says why it was not looked at", (access, detail) => {
    expect(complaints(judgeDatabase(undefined, access))).toEqual([`skipped answers: ${detail}`]);
  });

  test("names one that does not answer, without its password", () => {
    expect(complaints(judgeDatabase(SILENT, ACCESS))).toEqual([
      "failure answers: no answer within 2.5 s → is DATABASE_URL right, and the database up?",
    ]);
  });

  test.each<[Partial<DatabaseFacts>, string]>([
    [
      { version: "12.9", versionNumber: 120_009 },
      "failure version: PostgreSQL 12.9 → PostgreSQL 13 or later is needed",
    ],
    [{ edition: "none" }, "warning TimescaleDB: is not there → install TimescaleDB's Community"],
    [{ edition: "apache" }, "warning TimescaleDB: 2.26.4, Apache edition"],
    [
      { timescale: "2.11.0" },
      "warning TimescaleDB: 2.11.0, Community edition → 2.23 or later is what Sluice is tested with",
    ],
    [{ aggregates: 0 }, "warning TimescaleDB: 2.26.4, Community edition, with 0 of 2 aggregates"],
    [{ mayRead: undefined }, "failure tables: there are none → start a worker"],
    [{ mayRead: false }, "failure tables: role sluice_edge may not read events"],
    [{ isReadOnly: true }, "warning tables: this is a replica, which nothing can be written to"],
    [{ mayWrite: true }, "failure role: the edge's role may write → run deploy/database-roles.sql"],
    [{ user: "postgres", isSuperuser: true }, "warning role: postgres is a superuser"],
    [
      { user: "app", mayWrite: true },
      "warning role: app may write: if this is the edge's role, it must not",
    ],
    [{ connections: 95 }, "warning connections: 95 of 100 are taken"],
  ])("judges %j", (given, complaint) => {
    expect(judge(given)).toEqual([expect.stringContaining(complaint)]);
  });
});

describe("judgeDatabaseHttp()", () => {
  const fix = "is NEON_FETCH_ENDPOINT right, and does what speaks Neon's HTTP run there?";

  test("has nothing against one that is well", () => {
    expect(complaints(judgeDatabaseHttp(told(reply(200)), ACCESS))).toEqual([]);
  });

  test("is not missed where nobody asks the database by HTTP", () => {
    expect(judgeDatabaseHttp(undefined, LOCALLY)).toEqual([]);
    expect(judgeDatabaseHttp(undefined, { ...ACCESS, database: undefined })).toEqual([]);
    expect(complaints(judgeDatabaseHttp(undefined, ACCESS))).toEqual([
      "skipped answers: set NEON_FETCH_ENDPOINT, if the edge asks the database by Neon's HTTP",
    ]);
  });

  test.each([
    [SILENT, `https://neon.test: no answer within 2.5 s → ${fix}`],
    [
      told(reply(400, { message: "password authentication failed" })),
      `https://neon.test: it answered 400, password authentication failed → ${fix}`,
    ],
  ])("names one that answers %j", (answer, complaint) => {
    expect(complaints(judgeDatabaseHttp(answer, ACCESS))).toEqual([
      `failure answers: ${complaint}`,
    ]);
  });
});

test.each([
  [told(reply(200, {}, "26.8.1.1\t1795560707500\n")), []],
  [
    told(reply(516, {}, "Code: 516. Authentication failed")),
    [
      expect.stringContaining(
        "it answers 516: Code: 516. Authentication failed → set CLICKHOUSE_USER",
      ),
    ],
  ],
  [SILENT, [expect.stringContaining("http://ch.test:8123: no answer within 2.5 s")]],
])("judgeClickHouse() judges %j", (answer, expected) => {
  const database = new URL("http://ch.test:8123");
  expect(complaints(judgeClickHouse(answer, { database }))).toEqual(expected);
});
