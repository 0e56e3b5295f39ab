const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

export type Timestamp = {
  /** UTC, RFC 3339, milliseconds or microseconds, ending in `Z`. */
  readonly text: string;
  readonly epochMs: number;
};

/**
 * Reads an RFC 3339 date-time with offset (RFC 3339 §5.6) and normalises it to UTC.
 * PostgreSQL keeps microseconds, so finer digits are cut, always the same way: the result is part of a row's identity.
 * A leap second (`:60`) becomes the first second of the next minute, as PostgreSQL reads it.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour, offsetMinute] =
    match;
  const monthNumber = Number(month);
  const dayNumber = Number(day);
  if (monthNumber < 1 || monthNumber > 12 || dayNumber < 1) return undefined;
  if (dayNumber > daysInMonth(Number(year), monthNumber)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  if (Number(offsetHour ?? 0) > 23 || Number(offsetMinute ?? 0) > 59) return undefined;

  const offsetMinutes =
    (sign === "-" ? -1 : 1) * (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0));
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"));
  // Date.UTC reads the years 0 to 99 as 1900 to 1999; setUTCFullYear takes them as they are.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), monthNumber - 1, dayNumber);
  date.setUTCHours(Number(hour), Number(minute) - offsetMinutes, Number(second), milliseconds);
  const epochMs = date.getTime();
  if (epochMs < MIN_EPOCH_MS || epochMs > MAX_EPOCH_MS) return undefined;
  const microseconds = fraction.slice(3, 6).padEnd(3, "0");
  const iso = date.toISOString();
  return { text: microseconds === "000" ? iso : `${iso.slice(0, -1)}${microseconds}Z`, epochMs };
}

/** The years 0000 to 9999, all that `toISOString` writes with four digits. */
const MIN_EPOCH_MS = -62_167_219_200_000;
const MAX_EPOCH_MS = 253_402_300_799_999;

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
