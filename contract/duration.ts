import { z } from "zod";

export const MAX_DURATION_DAYS = 366;

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A length of time: a whole number and a unit, such as `90s`, `30m`, `12h`, `7d`, `2w`. */
export const durationSchema = z
  .string({ error: "must be text" })
  .refine((text) => durationMs(text) !== undefined, {
    error: "must be a whole number and s, m, h, d or w, such as 30m or 7d",
    abort: true,
  })
  .refine((text) => (durationMs(text) ?? 0) > 0, { error: "must be longer than nothing" })
  .refine((text) => (durationMs(text) ?? 0) <= MAX_DURATION_DAYS * UNIT_MS.d, {
    error: `must be at most ${MAX_DURATION_DAYS}d`,
  });

/** Undefined for a text that is no duration. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
