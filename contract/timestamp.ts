export type Timestamp = {
  /** UTC, RFC 3339, with milliseconds or microseconds, ending in `Z`. */
  readonly text: string;
  readonly epochMs: number;
};

/** Everything but the digits' ranges. With so firm a shape the date and time stand at fixed places. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d+))?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads an RFC 3339 date-time with offset (RFC 3339 §5.6) and normalises it to UTC.
 * PostgreSQL keeps microseconds, so finer digits are cut, always the same way: the result is part of a row's identity.
 * A leap second (`:60`) becomes the first second of the next minute, as PostgreSQL reads it.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const offsetMinutes = readOffset(text);
  if (offsetMinutes === undefined) return undefined;

  const fraction = (match[1] ?? "").slice(0, 6).padEnd(3, "0");
  // Date.UTC reads the years 0 to 99 as 1900 to 1999; the calendar repeats every 400 years.
  const milliseconds = Number(fraction.slice(0, 3));
  const epochMs =
    Date.UTC(year + 400, month - 1, day, hour, minute - offsetMinutes, second, milliseconds) -
    FOUR_CENTURIES_MS;
  if (epochMs < MIN_EPOCH_MS || epochMs > MAX_EPOCH_MS) return undefined;
  const isUtc = offsetMinutes === 0 && second !== 60;
  const seconds = isUtc
    ? `${text.slice(0, 10)}T${text.slice(11, 19)}`
    : new Date(epochMs).toISOString().slice(0, 19);
  return { text: `${seconds}.${withoutEmptyMicroseconds(fraction)}Z`, epochMs };
}

const FOUR_CENTURIES_MS = 146_097 * 86_400_000;
/** The years 0000 to 9999, all that RFC 3339 can write. */
const MIN_EPOCH_MS = -62_167_219_200_000;
const MAX_EPOCH_MS = 253_402_300_799_999;

function twoDigits(text: string, start: number): number {
  return text.charCodeAt(start) * 10 + text.charCodeAt(start + 1) - 11 * ZERO;
}

const ZERO = 0x30;

/** Minutes east of UTC; undefined where the digits are out of range. */
function readOffset(text: string): number | undefined {
  const last = text.length - 1;
  if (text[last] === "Z" || text[last] === "z") return 0;
  const hours = twoDigits(text, last - 4);
  const minutes = twoDigits(text, last - 1);
  if (hours > 23 || minutes > 59) return undefined;
  return (text[last - 5] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

/** Milliseconds, or microseconds where there are any: one spelling for one instant. */
function withoutEmptyMicroseconds(fraction: string): string {
  const microseconds = fraction.slice(3).padEnd(3, "0");
  return microseconds === "000" ? fraction.slice(0, 3) : fraction.slice(0, 3) + microseconds;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
