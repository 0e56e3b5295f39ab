import { readNumber } from "../../contract/property-filter.ts";
import type { Interval } from "../../contract/time-buckets.ts";
import type { Dialect } from "../dialect.ts";
import type { ValueType } from "../parameter.ts";

const TYPES: Readonly<Record<ValueType, string>> = {
  text: "text",
  instant: "timestamptz",
  ms: "interval",
  int: "int",
  number: "float8",
  key: "text",
  uuid: "uuid",
};

export type TimescaleOptions = {
  /** There is a GIN index on `properties`: equality is then asked in the one form that it answers. */
  readonly hasPropertiesIndex?: boolean;
};

/** PostgreSQL 12 or newer, with or without TimescaleDB. Nothing depends on the session's time zone or the database's collation. */
export function createTimescaleDialect({
  hasPropertiesIndex = false,
}: TimescaleOptions = {}): Dialect {
  const dialect: Dialect = {
    relation: (source) => source,
    parameter: (value, type) => ({
      encoded: type === "ms" ? `${value} milliseconds` : value,
      place: (index) => `$${index}::${TYPES[type]}`,
    }),

    truncate: (interval, time) => `date_trunc('${interval}', ${time}, 'UTC')`,
    instant: (time) => time,
    plusMs: (time, ms) => `${time} + ${ms}`,
    bucketsBetween,

    textOf: (key) => {
      const property = `(properties->${key})`;
      return `(case jsonb_typeof${property}
        when 'string' then properties->>${key}
        when 'boolean' then properties->>${key}
        when 'number' then ${numberText(`${property}::numeric`)}
      end collate "C")`;
    },
    numberOf: (key) =>
      `(case jsonb_typeof(properties->${key}) when 'number' then (properties->${key})::float8 end)`,
    equals(keyName, value, bind) {
      if (hasPropertiesIndex) return contains(keyName, value, (json) => bind(json, "text"));
      const key = bind(keyName, "key");
      const number = readNumber(value);
      // `->>` alone is what an index on the expression answers. It differs from the property's text for objects and arrays, and for
      // the numbers that JavaScript writes with an exponent.
      const isPlain =
        !/^[[{]/.test(value) && (number === undefined || isWrittenAlike(value, number));
      if (isPlain) return `properties->>${key} = ${bind(value, "text")}`;
      const text = `${dialect.textOf(key)} = ${bind(value, "text")}`;
      return number === undefined
        ? text
        : `(${text} or ${dialect.numberOf(key)} = ${bind(number, "number")})`;
    },
    contains: (key, text) =>
      `(jsonb_typeof(properties->${key}) = 'string' and strpos(properties->>${key}, ${text}) > 0)`,
    exists: (key) => `coalesce(jsonb_typeof(properties->${key}) <> 'null', false)`,

    eventColumns: `
      event_id::text as event_id, ${inUtc("occurred_at")} as occurred_at, ${inUtc("received_at")} as received_at,
      event_type, user_id, properties`,
    eventIdText: (eventId) => eventId,
  };
  return dialect;
}

/** As JavaScript writes a number: `numeric` writes out what is there with an exponent. */
function numberText(number: string): string {
  return `case when abs(${number}) < 0.000001 and ${number} <> 0 then replace((${number}::float8)::text, 'e-0', 'e-') else ${number}::text end`;
}

/** Whether JavaScript and `numeric` write the number so. */
function isWrittenAlike(value: string, number: number): boolean {
  return String(number) === value && (number === 0 || Math.abs(number) >= 1e-6);
}

/** All forms in which a property can be what `eq` asks for, as JSON that contains it (jsonb_path_ops answers each). */
function contains(keyName: string, value: string, bind: (json: string) => string): string {
  const number = readNumber(value);
  const forms: unknown[] = [value];
  if (number !== undefined) forms.push(number);
  if (value === "true" || value === "false") forms.push(value === "true");
  const tests = forms.map(
    (form) => `properties @> ${bind(JSON.stringify({ [keyName]: form }))}::jsonb`,
  );
  return `(${tests.join(" or ")})`;
}

function bucketsBetween(interval: Interval, from: string, to: string): string {
  if (interval === "month") {
    const age = `age(${to} at time zone 'UTC', ${from} at time zone 'UTC')`;
    return `(extract(year from ${age}) * 12 + extract(month from ${age}))::int`;
  }
  const seconds = { minute: 60, hour: 3_600, day: 86_400, week: 604_800 }[interval];
  return `(extract(epoch from ${to} - ${from}) / ${seconds})::int`;
}

function inUtc(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
