import postgres, { type Sql } from "postgres";
import { compileRows } from "../../sql/stats/compile-rows.ts";
import { createTimescaleDialect } from "../../sql/timescale/dialect.ts";
import { startPostgres } from "../support/postgres.ts";
import { openTimescaleEngine } from "../support/timescale-engine.ts";
import { ENGINE_QUESTIONS } from "./engine-questions.ts";
import { generateRows } from "./generated-rows.ts";
import { report } from "./report.ts";
import { median, round } from "./statistics.ts";

const PROJECT = "bench";
const ROWS = 1_000_000;
const WARM_UP = 2;
const ROUNDS = 9;

/** The best that we know to write for PostgreSQL by hand, with the values in the text. */
const BY_HAND: Readonly<Record<string, string>> = {
  "active users by day": `
    select bucket, count(*) from (
      select distinct bucket, user_id from user_days
      where project_id = 'bench' and bucket >= '2026-05-01Z' and bucket < '2026-06-01Z'
    ) as active group by bucket`,
  "top events": `
    select event_type, sum(events), count(*) from (
      select event_type, user_id, sum(events) as events from user_days
      where project_id = 'bench' and bucket >= '2026-05-01Z' and bucket < '2026-06-01Z'
      group by event_type, user_id
    ) as by_user group by event_type order by 2 desc, event_type limit 10`,
  "events by hour of one type": `
    select bucket, events from events_hourly
    where project_id = 'bench' and event_type = 'type-3' and bucket >= '2026-05-01Z' and bucket < '2026-06-01Z'`,
  "events by day and type": `
    with days as (
      select date_trunc('day', bucket, 'UTC') as day, event_type, sum(events) as events from events_hourly
      where project_id = 'bench' and bucket >= '2026-05-01Z' and bucket < '2026-06-01Z' group by 1, 2
    ), top as (select event_type from days group by 1 order by sum(events) desc, 1 limit 10)
    select day, case when event_type in (select event_type from top) then event_type end, sum(events)
    from days group by 1, 2`,
  "users by type": `
    with users as (
      select distinct bucket, event_type, user_id from user_days
      where project_id = 'bench' and bucket >= '2026-05-01Z' and bucket < '2026-06-01Z'
    ), top as (select event_type from users group by 1 order by count(*) desc, 1 limit 10)
    select bucket, event_type, count(*) from (
      select distinct bucket, case when event_type in (select event_type from top) then event_type end as event_type, user_id
      from users
    ) as merged group by 1, 2`,
  "events by property": `
    with days as (
      select date_trunc('day', occurred_at, 'UTC') as day, properties->>'country' as country, count(*) as events
      from events
      where project_id = 'bench' and occurred_at >= '2026-05-01Z' and occurred_at < '2026-06-01Z' group by 1, 2
    ), top as (select country from days group by 1 order by sum(events) desc, 1 limit 10)
    select day, case when country in (select country from top) then country end, sum(events) from days group by 1, 2`,
  "filtered by property": `
    select date_trunc('day', occurred_at, 'UTC'), count(*) from events
    where project_id = 'bench' and occurred_at >= '2026-05-01Z' and occurred_at < '2026-06-01Z'
      and properties->>'plan' = 'team' group by 1`,
};

/** The statement that a question compiles to, and one written by hand for the same question, in turn on one PostgreSQL. */
export async function benchCompiled(): Promise<void> {
  const server = await startPostgres();
  const engine = await openTimescaleEngine(server.url);
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    const writer = engine.openWriter(1);
    for (const rows of generateRows(PROJECT, ROWS, 10_000)) await writer.write(rows);
    await materialize(sql);
    for (const { name, query } of ENGINE_QUESTIONS) {
      const byHand = BY_HAND[name];
      if (byHand === undefined) continue;
      const compiled: number[] = [];
      const written: number[] = [];
      const { text, params } = compileRows(query, PROJECT, createTimescaleDialect());
      for (let turn = 0; turn < WARM_UP + ROUNDS; turn += 1) {
        const ours = await time(() => sql.unsafe(text, [...params]));
        const theirs = await time(() => sql.unsafe(byHand));
        if (turn < WARM_UP) continue;
        compiled.push(ours);
        written.push(theirs);
      }
      report(name, {
        "compiled p50, ms": round(median(compiled), 1),
        "by hand p50, ms": round(median(written), 1),
        "ratio of each round, median": round(
          median(compiled.map((ms, at) => ms / (written[at] ?? 1))),
        ),
      });
    }
  } finally {
    await sql.end();
    await engine.close();
    await server.stop();
  }
}

/** Without TimescaleDB the aggregates are views: as tables with its indexes they are what it would have made. */
async function materialize(sql: Sql): Promise<void> {
  for (const view of ["events_hourly", "user_days"]) {
    await sql.unsafe(`create table ${view}_rows as select * from ${view}`);
    await sql.unsafe(`drop view ${view}`);
    await sql.unsafe(`alter table ${view}_rows rename to ${view}`);
    await sql.unsafe(`create index on ${view} (project_id, bucket desc)`);
  }
  await sql.unsafe("vacuum analyze");
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
