import { readNumber } from "../../contract/property-filter.ts";
import type { Interval } from "../../contract/time-buckets.ts";
import type { Dialect } from "../dialect.ts";
import type { Parameter, ValueType } from "../parameter.ts";
import type { SourceName } from "../source.ts";

const TYPES: Readonly<Record<ValueType, string>> = {
  text: "String",
  instant: "DateTime64(6, 'UTC')",
  ms: "Int64",
  // Always a number of things: `limit` takes no other, and `least` would not compare one that has a sign with dense_rank().
  int: "UInt64",
  number: "Float64",
  key: "String",
  uuid: "UUID",
};

const RELATIONS: Readonly<Record<SourceName, string>> = {
  events: "events final",
  events_hourly: "events_hourly",
  user_days: "user_days",
};

/** ClickHouse (tested: 26.7) with `QUERY_SETTINGS`. Parameter 1 is `{p1:String}`. */
export const clickHouseDialect: Dialect = {
  relation: (source) => RELATIONS[source],
  parameter: (value, type) => ({
    encoded: type === "instant" ? toDateTime(String(value)) : value,
    place: (index) => `{p${index}:${TYPES[type]}}`,
  }),

  // A time before 1970 with a fraction of a second may be rounded up to the next bucket: ClickHouse rounds it towards 1970 first.
  truncate: (interval, time) =>
    `toDateTime64(toStartOfInterval(${time}, interval 1 ${interval}), 6, 'UTC')`,
  instant: (time) => time,
  plusMs: (time, ms) => `addMilliseconds(${time}, ${ms})`,
  bucketsBetween: (interval: Interval, from, to) => `dateDiff('${interval}', ${from}, ${to})`,

  // Numbers are printed by the algorithm that JavaScript has: the shortest text that reads as the number, with an exponent below 1e-6.
  textOf: (key) => `multiIf(
      JSONType(properties, ${key}) = 'String', JSONExtractString(properties, ${key}),
      JSONType(properties, ${key}) in ('Int64', 'UInt64', 'Double', 'Bool'), JSONExtractRaw(properties, ${key}),
      null)`,
  // No other JSON than a number reads as one; in one pass over the properties.
  numberOf: (key) => `toFloat64OrNull(JSONExtractRaw(properties, ${key}))`,
  equals(keyName, value, bind) {
    const key = bind(keyName, "key");
    const number = readNumber(value);
    // For what has no text this gives an empty text, or the JSON of an object or array; for all else it is the text, in one pass
    // over the properties in place of three.
    const isPlain = value !== "" && !/^[[{]/.test(value);
    const property = isPlain
      ? `JSONExtractString(properties, ${key})`
      : clickHouseDialect.textOf(key);
    const text = `${property} = ${bind(value, "text")}`;
    return number === undefined || String(number) === value
      ? text
      : `(${text} or ${clickHouseDialect.numberOf(key)} = ${bind(number, "number")})`;
  },
  contains: (key, text) =>
    `(JSONType(properties, ${key}) = 'String' and position(JSONExtractString(properties, ${key}), ${text}) > 0)`,
  exists: (key) => `(JSONType(properties, ${key}) != 'Null')`,

  eventColumns: "event_id, occurred_at, received_at, event_type, user_id, properties",
  // A UUID sorts by its second half here.
  eventIdText: (eventId) => `toString(${eventId})`,
};

/** DateTime64 holds these years; no event is outside of them, so that a range that reaches further ends there as well. */
const FIRST = "1900-01-01 00:00:00";
const LAST = "2299-12-31 23:59:59";

/** RFC 3339 in UTC as ClickHouse reads it. */
export function toDateTime(instant: string): string {
  const text = instant.replace("T", " ").replace("Z", "");
  if (/^[+-]/.test(text)) return text.startsWith("-") ? FIRST : LAST;
  return text < FIRST ? FIRST : text > LAST ? LAST : text;
}

/** What reads need: without them ClickHouse's SQL differs from what `sql/stats` is written in. */
export const QUERY_SETTINGS = {
  /** In `select f(bucket) as bucket … where bucket >= …` the condition means the column. */
  prefer_column_name_to_alias: 1,
  /** `count` is a number in JSON, not a text. */
  output_format_json_quote_64bit_integers: 0,
  /** RFC 3339 in UTC. */
  date_time_output_format: "iso",
  /** Starts of weeks and months before 1970, too. */
  enable_extended_results_for_datetime_functions: "1",
  /** Ten filters of 100 values make a long query. */
  max_query_size: "1000000",
  max_ast_elements: "500000",
  /** Repeats of an event are in one month, see 0001_events.single.sql. */
  do_not_merge_across_partitions_select_final: 1,
} as const satisfies Readonly<Record<string, Parameter>>;
