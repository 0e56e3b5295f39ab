import { parseTimestamp } from "./timestamp.ts";

/**
 * Whether a text is an instant as edge and worker write it to each other: RFC 3339 in UTC with at most microseconds, on a day that exists. A
 * store that is asked for the 30 of February answers an error, which would be taken for an outage. PostgreSQL has no year 0, DuckDB no
 * leap seconds.
 */
export function isUtcInstant(text: string): boolean {
  return UTC_INSTANT.test(text) && text >= "0001" && parseTimestamp(text) !== undefined;
}

const UTC_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,6})?Z$/;
