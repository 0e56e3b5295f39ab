import type { Sql } from "../timescale/database.ts";
import { POSTGRES_CHECKSUM } from "./parquet-files.ts";
import { monthOf, type PartitionKey } from "./partition.ts";
import type { StagedRow } from "./staging.ts";

/** Rows that leave the table, and what they are compared by. Half-open, in milliseconds since 1970; without a start, from the first row on. */
export type HotRange = { readonly fromMs: number | undefined; readonly toMs: number };

export type PartitionCount = PartitionKey & { readonly events: number };

/** What was received before its user was erased is on its way out, and counts as gone. */
const NOT_ERASED = `not exists (
    select from erasures
    where erasures.project_id = events.project_id and erasures.user_id = events.user_id
      and events.received_at < erasures.erased_at
  )`;

/** Of one piece: some 5 MiB as a rule. */
const PIECE_ROWS = 10_000;

/** How many rows each partition has in a range. */
export async function countHotRows(
  sql: Pick<Sql, "unsafe">,
  range: HotRange,
): Promise<PartitionCount[]> {
  const rows = await sql.unsafe<{ project_id: string; month: Date; events: string }[]>(
    `select project_id, date_trunc('month', occurred_at, 'UTC') as month, count(*)::text as events
    from events
    where occurred_at >= $1::timestamptz and occurred_at < $2::timestamptz and ${NOT_ERASED}
    group by 1, 2
    order by 2, 1`,
    toParameters(range),
  );
  return rows.map(({ project_id, month, events }) => ({
    projectId: project_id,
    month: monthOf(month.getTime()),
    events: Number(events),
  }));
}

export type HotFacts = { readonly events: number; readonly checksum: string } & Extent;
type Extent = { readonly minOccurredAt: string; readonly maxOccurredAt: string };

/** What the database says of the rows that were read from it, by project. */
export async function readHotFacts(
  sql: Sql,
  projectIds: readonly string[],
  range: HotRange,
): Promise<Map<string, HotFacts>> {
  const time = (value: string) =>
    `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const rows = await sql.unsafe<(HotFacts & { projectId: string })[]>(
    `select
      project_id as "projectId", count(*)::int as events, ${time("min(occurred_at)")} as "minOccurredAt",
      ${time("max(occurred_at)")} as "maxOccurredAt", ${POSTGRES_CHECKSUM} as checksum
    from events
    where
      project_id = any($3::text[]) and occurred_at >= $1::timestamptz and occurred_at < $2::timestamptz
      and ${NOT_ERASED}
    group by project_id`,
    [...toParameters(range), toArrayLiteral(projectIds)],
  );
  return new Map(rows.map(({ projectId, ...facts }) => [projectId, facts]));
}

/**
 * One project's rows, oldest first. Each piece is a statement of its own that begins behind the piece before, so that no transaction stays
 * open while they are written elsewhere.
 */
export async function* readProjectRows(
  sql: Sql,
  projectId: string,
  range: HotRange,
): AsyncGenerator<readonly StagedRow[]> {
  const [from, to] = toParameters(range);
  let after = { at: from, id: "00000000-0000-0000-0000-000000000000", isIncluded: true };
  for (;;) {
    const { at, id, isIncluded } = after;
    const rows = await sql.unsafe<RawRow[]>(
      `select ${RAW_COLUMNS}
      from (
        select * from events
        where
          project_id = $1 and occurred_at >= $2::timestamptz and occurred_at < $3::timestamptz
          and (occurred_at > $2::timestamptz or event_id ${isIncluded ? ">=" : ">"} $4::uuid) and ${NOT_ERASED}
        order by occurred_at, event_id
        limit ${PIECE_ROWS}
      ) as events
      order by events.occurred_at, events.event_id`,
      [projectId, at, to, id],
    );
    if (rows.length > 0) yield rows.map(toStagedRow);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PIECE_ROWS) return;
    after = { at: `${last.occurred_at}+00`, id: last.event_id, isIncluded: false };
  }
}

/** All rows of several projects that have few each. */
export async function readRowsOfProjects(
  sql: Sql,
  projectIds: readonly string[],
  range: HotRange,
): Promise<readonly StagedRow[]> {
  const rows = await sql.unsafe<RawRow[]>(
    `select ${RAW_COLUMNS}
    from events
    where
      project_id = any($3::text[]) and occurred_at >= $1::timestamptz and occurred_at < $2::timestamptz
      and ${NOT_ERASED}`,
    [...toParameters(range), toArrayLiteral(projectIds)],
  );
  return rows.map(toStagedRow);
}

/** As texts, in UTC: the driver would cut microseconds off and the database write its own time zone. */
export const RAW_COLUMNS = `
  project_id, event_id::text as event_id, (occurred_at at time zone 'UTC')::text as occurred_at,
  (received_at at time zone 'UTC')::text as received_at, event_type, user_id, properties::text as properties`;

export type RawRow = {
  readonly project_id: string;
  readonly event_id: string;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly event_type: string;
  readonly user_id: string;
  readonly properties: string;
};

export function toStagedRow(row: RawRow): StagedRow {
  return {
    projectId: row.project_id,
    eventId: row.event_id,
    occurredAt: row.occurred_at,
    receivedAt: row.received_at,
    eventType: row.event_type,
    userId: row.user_id,
    // jsonb writes 1e-7 as 0.0000001, and spaces.
    propertiesJson: JSON.stringify(JSON.parse(row.properties)),
  };
}

function toParameters({ fromMs, toMs }: HotRange): [string, string] {
  const from = fromMs === undefined ? "-infinity" : new Date(fromMs).toISOString();
  return [from, new Date(toMs).toISOString()];
}

/** Project ids hold nothing that an array literal reads specially. */
function toArrayLiteral(projectIds: readonly string[]): string {
  return `{${projectIds.join(",")}}`;
}
