import { InvalidArgumentError } from "commander";
import { parseTimestamp } from "../contract/timestamp.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Reads a moment of an option as milliseconds since 1970: so long ago (`90s`, `15m`, `2h`, `3d`, `2w`), a date (midnight UTC), or
 * RFC 3339.
 * @throws {InvalidArgumentError} when it is none of them, or in the future.
 */
export function parseMoment(text: string, nowMs = Date.now()): number {
  const epochMs = readAgo(text, nowMs) ?? readTimestamp(text);
  if (epochMs === undefined) {
    throw new InvalidArgumentError(
      `"${text}" is neither a time ago such as 90s, 15m, 2h, 3d, 2w nor RFC 3339 such as 2026-03-01T09:30:00Z.`,
    );
  }
  if (epochMs > nowMs) throw new InvalidArgumentError(`"${text}" lies in the future.`);
  return epochMs;
}

/** RFC 3339 in UTC, to the second: short, and an option takes it back. */
export function formatMoment(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

function readAgo(text: string, nowMs: number): number | undefined {
  const [, count, unit = ""] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return count === undefined || unitMs === undefined ? undefined : nowMs - Number(count) * unitMs;
}

function readTimestamp(text: string): number | undefined {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  return parseTimestamp(isDate ? `${text}T00:00:00Z` : text)?.epochMs;
}
