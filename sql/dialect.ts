import type { Interval } from "../contract/time-buckets.ts";
import type { Bind, Parameter, ValueType } from "./parameter.ts";
import type { SourceName } from "./source.ts";

/**
 * What the databases write differently. Everything else in `sql/stats` and `sql/events` is the SQL that they share: common table
 * expressions, `group by` with positions, window functions. Arguments are SQL text, unless a name ends in `Value`.
 *
 * All read the columns of `events` (project_id, event_id, occurred_at, received_at, event_type, user_id, properties), of
 * `events_hourly` (project_id, bucket, event_type, events) and of `user_days` (project_id, bucket, event_type, user_id, events).
 * Texts compare and sort by their bytes in UTF-8.
 */
export type Dialect = {
  /** What stands in `from` for a source. */
  relation(source: SourceName): string;
  /** How a value is handed to the driver, and the text of the parameter with that number, from 1. */
  parameter(
    value: Parameter,
    type: ValueType,
  ): { readonly encoded: Parameter; readonly place: (index: number) => string };

  /** The start of the bucket, in UTC, that holds a time. Weeks start on Monday. */
  truncate(interval: Interval, time: string): string;
  /** A time as a result: text with an offset, or what the driver's reader makes that of. */
  instant(time: string): string;
  plusMs(time: string, ms: string): string;
  /** How many buckets lie between two starts of buckets. */
  bucketsBetween(interval: Interval, from: string, to: string): string;

  /** The text of a property, as `contract/property-filter.ts` defines it; null where it has none. */
  textOf(key: string): string;
  /** The number of a property, or null. */
  numberOf(key: string): string;
  /** Whether filter `eq` holds; may be null in place of false. */
  equals(keyName: string, value: string, bind: Bind): string;
  contains(key: string, text: string): string;
  /** Present and not null. */
  exists(key: string): string;

  /** The columns of a raw row as a result: `StoredEventRow`. */
  readonly eventColumns: string;
  /** An event's id as a text that sorts like its hexadecimal digits. */
  eventIdText(eventId: string): string;
};
