import { InvalidArgumentError } from "commander";
import { durationMs } from "../../contract/duration.ts";
import { parseTimestamp } from "../../contract/timestamp.ts";

export const MAX_LABEL_CHARACTERS = 100;
/** Eleven digits of seconds are what a key can hold: the year 5138. */
const MAX_EXPIRY_SECONDS = 99_999_999_999;

/**
 * Reads when a key expires, in Unix seconds: so far ahead (`12h`, `90d`, `52w`), a date (midnight UTC), or RFC 3339.
 * @throws {InvalidArgumentError} when it is none of them, or not in the future.
 */
export function parseExpiry(text: string, nowMs = Date.now()): number {
  const epochMs = readAhead(text, nowMs) ?? readTimestamp(text);
  if (epochMs === undefined) {
    throw new InvalidArgumentError(
      `"${text}" is neither a time ahead such as 12h, 90d, 52w nor a date such as 2027-01-31 nor RFC 3339 such as 2027-01-31T09:30:00Z.`,
    );
  }
  const seconds = Math.floor(epochMs / 1_000);
  if (seconds * 1_000 <= nowMs) throw new InvalidArgumentError(`"${text}" lies in the past.`);
  if (seconds > MAX_EXPIRY_SECONDS) {
    throw new InvalidArgumentError(
      `"${text}" lies too far ahead: leave it out for a key without an end.`,
    );
  }
  return seconds;
}

/** @throws {InvalidArgumentError} for what would make a mess of a list. */
export function parseLabel(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It is empty.");
  if ([...text].length > MAX_LABEL_CHARACTERS) {
    throw new InvalidArgumentError(`It is longer than ${MAX_LABEL_CHARACTERS} characters.`);
  }
  if (!text.isWellFormed() || /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text)) {
    throw new InvalidArgumentError("It holds a control character.");
  }
  return text;
}

function readAhead(text: string, nowMs: number): number | undefined {
  const ms = durationMs(text);
  return ms === undefined ? undefined : nowMs + ms;
}

function readTimestamp(text: string): number | undefined {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  return parseTimestamp(isDate ? `${text}T00:00:00Z` : text)?.epochMs;
}
