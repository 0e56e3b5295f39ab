import type { EventPageQuery } from "../../contract/event-page.ts";
import type { TimeRange, WantedEvent } from "../../contract/event-reading.ts";
import type { StoredEventRow } from "../../contract/stored-event-row.ts";
import { duckDbDialect } from "../../sql/duckdb/dialect.ts";
import { compileEventPage } from "../../sql/events/page.ts";
import type { Bind } from "../../sql/parameter.ts";
import { createBinder, type Statement } from "../../sql/statement.ts";
import { queryOn } from "../duckdb/database.ts";
import { type ColdDeps, filesBetween } from "./cold-deps.ts";
import type { ColdFile } from "./manifest.ts";
import { relationOf } from "./parquet-files.ts";
import { withColdFiles } from "./with-cold-files.ts";

type Reader = Pick<ColdDeps, "store" | "pool">;
type Question = { readonly projectId: string; readonly signal: AbortSignal };

const MAX_FOUND = 10;

/** The newest rows that a page asks for, up to `rows`. Months are read newest first, in groups that grow, until there are enough. */
export async function readNewestRows(
  deps: Reader,
  files: readonly ColdFile[],
  query: EventPageQuery,
  { projectId, signal, rows: wanted }: Question & { readonly rows: number },
): Promise<readonly StoredEventRow[]> {
  const range = {
    fromMs: query.from === undefined ? undefined : Date.parse(query.from),
    toMs: endOf(query),
  };
  const near = filesBetween(files, range);
  const months = [...new Set(near.map(({ month }) => month))].sort().reverse();
  const rows: StoredEventRow[] = [];
  for (let size = 1, first = 0; first < months.length && rows.length < wanted; size *= 2) {
    const group = months.slice(first, first + size);
    first += group.length;
    const own = near.filter(({ month }) => group.includes(month));
    const limit = wanted - rows.length - 1;
    rows.push(
      ...(await run<StoredEventRow>(deps, own, signal, (relation) =>
        compileEventPage({ ...query, limit }, projectId, {
          ...duckDbDialect,
          relation: () => relation,
        }),
      )),
    );
  }
  return rows;
}

/** Where a page's rows end, exclusively. */
function endOf({ to, cursor }: EventPageQuery): number | undefined {
  const ends = [
    ...(to === undefined ? [] : [Date.parse(to)]),
    ...(cursor === undefined ? [] : [Date.parse(cursor.occurred_at) + 1]),
  ];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** The rows with an event's id, newest first. */
export function findRows(
  deps: Reader,
  files: readonly ColdFile[],
  eventId: string,
  { projectId, signal, range }: Question & { readonly range: TimeRange | undefined },
): Promise<StoredEventRow[]> {
  const ends =
    range === undefined ? {} : { fromMs: Date.parse(range.from), toMs: Date.parse(range.to) };
  return run<StoredEventRow>(deps, filesBetween(files, ends), signal, (relation) =>
    compile((bind) => {
      const inRange =
        range === undefined
          ? ""
          : `and occurred_at >= ${bind(range.from, "instant")} and occurred_at < ${bind(range.to, "instant")}`;
      return `
        select ${duckDbDialect.eventColumns}
        from ${relation}
        where project_id = ${bind(projectId, "text")} and event_id = ${bind(eventId, "uuid")} ${inRange}
        order by occurred_at desc
        limit ${MAX_FOUND}`;
    }),
  );
}

/** How many events of which the time is known are there. Ids may not repeat. */
export async function countRows(
  deps: Reader,
  files: readonly ColdFile[],
  wanted: readonly (WantedEvent & { readonly occurredAt: string })[],
  { projectId, signal }: Question,
): Promise<number> {
  if (wanted.length === 0) return 0;
  const times = wanted.map(({ occurredAt }) => Date.parse(occurredAt));
  const [min = 0, max = 0] = [Math.min(...times), Math.max(...times)];
  const near = filesBetween(files, { fromMs: min, toMs: max + 1 });
  const [row] = await run<{ stored: number }>(deps, near, signal, (relation) =>
    compile(
      (bind) => `
        with wanted as (
          select
            unnest(string_split(${bind(wanted.map(({ eventId }) => eventId).join(), "text")}, ','))::uuid as event_id,
            unnest(string_split(${bind(wanted.map(({ occurredAt }) => occurredAt).join(), "text")}, ','))::timestamp as occurred_at
        )
        select count(*) as stored
        from wanted semi join (from ${relation} where project_id = ${bind(projectId, "text")}) as events
          on events.event_id = wanted.event_id and events.occurred_at = wanted.occurred_at`,
    ),
  );
  return row?.stored ?? 0;
}

/** Which of the ids are there, whatever their times. */
export async function findIds(
  deps: Reader,
  files: readonly ColdFile[],
  eventIds: readonly string[],
  { projectId, signal }: Question,
): Promise<ReadonlySet<string>> {
  const rows = await run<{ event_id: string }>(deps, files, signal, (relation) =>
    compile(
      (bind) => `
        select distinct event_id::varchar as event_id
        from ${relation}
        where
          project_id = ${bind(projectId, "text")}
          and event_id in (select unnest(string_split(${bind(eventIds.join(), "text")}, ','))::uuid)`,
    ),
  );
  return new Set(rows.map(({ event_id }) => event_id));
}

/** A place in the order by time and id: behind an event, or where no id is given, at a time. */
export type Position = { readonly at: string; readonly id: string | undefined };

/** The rows of files in order, from a position on. */
export function compileMonth(
  paths: readonly string[],
  question: { readonly projectId: string; readonly to: string; readonly position: Position },
): Pick<Statement, "text" | "params"> {
  const { projectId, to, position } = question;
  return compile((bind) => {
    const from = bind(position.at, "instant");
    const isBehind =
      position.id === undefined
        ? ""
        : `and (occurred_at > ${from} or event_id > ${bind(position.id, "uuid")})`;
    return `
      select ${duckDbDialect.eventColumns}
      from ${relationOf(paths)} as events
      where
        project_id = ${bind(projectId, "text")} and occurred_at >= ${from}
        and occurred_at < ${bind(to, "instant")} ${isBehind}
      order by events.occurred_at, events.event_id`;
  });
}

async function run<Row>(
  { store, pool }: Reader,
  files: readonly ColdFile[],
  signal: AbortSignal,
  toStatement: (relation: string) => Pick<Statement, "text" | "params">,
): Promise<Row[]> {
  if (files.length === 0) return [];
  return withColdFiles(
    store,
    files,
    (paths) =>
      pool.withConnection(signal, (connection) =>
        queryOn<Row>(connection, toStatement(`${relationOf(paths)} as events`), signal),
      ),
    signal,
  );
}

function compile(toText: (bind: Bind) => string): Pick<Statement, "text" | "params"> {
  const { bind, params } = createBinder(duckDbDialect);
  return { text: toText(bind), params };
}
