/**
 * What a store returns for each kind of question, before `toStatsData` fills it: only buckets and groups that have events,
 * in any order. Times are text with an offset.
 */
export type ActiveUsersRow = { readonly bucket: string; readonly users: number };
/** Most frequent first, then by the bytes of `event_type`. */
export type TopEventsRow = {
  readonly event_type: string;
  readonly events: number;
  readonly users: number;
};
export type EventsRow = {
  readonly bucket: string;
  readonly group?: string;
  readonly value: number;
};
/** The users of a cohort who were active in a period; the period that starts with the cohort gives its size. */
export type RetentionRow = {
  readonly cohort: string;
  readonly period: string;
  readonly users: number;
};

export type StatsRow = ActiveUsersRow | TopEventsRow | EventsRow | RetentionRow;

/** A store's rows for one query, with what they were read from and when. */
export type StatsReading = {
  readonly rows: readonly StatsRow[];
  /** Everything received until then is in the rows. Null while no worker has reported. */
  readonly asOf: string | null;
  /** Tables or views that were read. */
  readonly sources: readonly string[];
};
