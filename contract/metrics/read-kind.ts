import { STATS_QUERY_SCHEMAS, type StatsKind } from "../stats-query.ts";

/** What reads are counted by: kinds of statistics, pages of rows, one event by its id, and whether events are stored. */
export const READ_KINDS = [
  ...(Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[]),
  "page",
  "event",
  "stored",
] as const;
export type ReadKind = (typeof READ_KINDS)[number];
