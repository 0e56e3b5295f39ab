import { readNumber } from "../../contract/property-filter.ts";
import type { Dialect } from "../dialect.ts";
import type { Bind, ValueType } from "../parameter.ts";

const TYPES: Readonly<Record<ValueType, string>> = {
  text: "varchar",
  instant: "timestamp",
  ms: "bigint",
  int: "int",
  number: "double",
  key: "varchar",
  uuid: "uuid",
};

/**
 * DuckDB 1.5. `occurred_at`, `received_at` and `bucket` are `timestamp` and hold UTC, so that nothing depends on the session's time zone;
 * `event_id` is `uuid`, whose order is that of its digits; `properties` is `json`, or `varchar` that holds JSON.
 *
 * A key is a JSON pointer (RFC 6901): as a path (`$.a`) it could not be a parameter and reach every key. DuckDB writes numbers again, in
 * JavaScript's way, so that a property's text does not depend on who wrote the JSON.
 */
export const duckDbDialect: Dialect = {
  relation: (source) => source,
  parameter: (value, type) => ({
    encoded: type === "key" ? toPointer(String(value)) : value,
    place: (index) => {
      const parameter = `$${index}::${TYPES[type]}`;
      return type === "ms" ? `to_milliseconds(${parameter})` : parameter;
    },
  }),

  truncate: (interval, time) => `date_trunc('${interval}', ${time})`,
  // The client writes it as text: here it would be done for each row before rows are grouped by it.
  instant: (time) => time,
  plusMs: (time, ms) => `${time} + ${ms}`,
  bucketsBetween: (interval, from, to) => `date_diff('${interval}', ${from}, ${to})`,

  textOf: (key) => {
    const text = `json_extract_string(properties, ${key})`;
    // Parsing is what costs, so the type is asked only where the text may be that of an object or array: 1.7 s of processor for 10
    // million rows against 2.3.
    return `(case when starts_with(${text}, '{') or starts_with(${text}, '[')
      then (case when json_type(properties, ${key}) = 'VARCHAR' then ${text} end)
      else ${text} end)`;
  },
  // A string has its quotation marks here, so that it is no number, whatever it holds; 1.6 s against 2.7 with its type.
  numberOf: (key) => `try_cast(json_value(properties, ${key})::varchar as double)`,
  equals,
  contains: (key, text) =>
    `(json_type(properties, ${key}) = 'VARCHAR' and contains(json_extract_string(properties, ${key}), ${text}))`,
  exists: (key) => `coalesce(json_type(properties, ${key}) <> 'NULL', false)`,

  eventColumns:
    "event_id::varchar as event_id, occurred_at, received_at, event_type, user_id, properties::varchar as properties",
  eventIdText: (eventId) => eventId,
};

function equals(keyName: string, value: string, bind: Bind): string {
  const key = bind(keyName, "key");
  const number = readNumber(value);
  // What `json_extract_string` gives differs from the property's text for objects and arrays alone, so most values need no look at the
  // type, which costs a second parsing of the JSON.
  const isContainer = /^[[{]/.test(value);
  const text = isContainer
    ? `${duckDbDialect.textOf(key)} = ${bind(value, "text")}`
    : `json_extract_string(properties, ${key}) = ${bind(value, "text")}`;
  const isWrittenAlike = number === undefined || String(number) === value;
  return isWrittenAlike
    ? text
    : `(${text} or ${duckDbDialect.numberOf(key)} = ${bind(number, "number")})`;
}

function toPointer(key: string): string {
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
