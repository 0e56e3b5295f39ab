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
  /** Of any content when the interval is `total`. */
  readonly bucket: string;
  /** With a breakdown: null is the group of events without a text there, or the rest of the groups. */
  readonly group?: string | null;
  /**
   * With a breakdown: the group's place, from 1, in the order of the sums of their values, ties by the bytes of the group, null last.
   * `limit + 1` is the rest.
   */
  readonly place?: number;
  readonly value: number;
};
/** The users of a cohort who were active in its period 0, 1, 2 …; period 0 gives its size. */
export type RetentionRow = {
  readonly cohort: string;
  readonly period: number;
  readonly users: number;
};
/** One row: the users who got as far as each step, counted from 1. */
export type FunnelRow = { readonly [step: `step_${number}`]: number };

export type StatsRow = ActiveUsersRow | TopEventsRow | EventsRow | RetentionRow | FunnelRow;

/** A store's rows for one query, with what they were read from and when. */
export type StatsReading = {
  readonly rows: readonly StatsRow[];
  /** Everything received until then is in the rows. Null while no worker has reported. */
  readonly asOf: string | null;
  /** Tables, views or tiers that were read. */
  readonly sources: readonly string[];
};
