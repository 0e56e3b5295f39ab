import { MAX_FUTURE_MS } from "../../contract/limits.ts";
import { type ClockReading, skewMs } from "../parts/clock.ts";
import { formatAge } from "../parts/format-age.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warn, fail, skip } = findingsOf("clocks");

/** Events may be {@link MAX_FUTURE_MS} ahead of the edge's clock, and statistics say how old they are by two clocks. */
const SKEW_MS = { warning: 2_000, failure: 60_000 };
const FIX = "synchronise it: timedatectl set-ntp true, or chrony";

export type NamedReading = { readonly name: string; readonly reading: ClockReading | undefined };

/** Compares the clocks of the parts with ours; where all others agree, it is ours that is wrong. */
export function judgeClocks(readings: readonly NamedReading[]): Finding[] {
  const skews = readings.flatMap(({ name, reading }) =>
    reading === undefined ? [] : [{ name, ms: skewMs(reading) }],
  );
  if (skews.length === 0) return [skip("clocks", "no part told its time")];
  const wrong = skews.filter(({ ms }) => Math.abs(ms) > SKEW_MS.warning);
  if (wrong.length === 0) {
    const names = skews.map(({ name }) => name).join(", ");
    return [ok("clocks", `${names}: within ${formatAge(SKEW_MS.warning)} of this machine's`)];
  }
  const offsets = wrong.map(({ ms }) => ms);
  const areAgreed = Math.max(...offsets) - Math.min(...offsets) <= 2 * SKEW_MS.warning;
  if (skews.length >= 2 && wrong.length === skews.length && areAgreed) {
    return [judge("this machine", -(offsets[0] ?? 0), "the others'")];
  }
  return wrong.map(({ name, ms }) => judge(name, ms, "this machine's"));
}

function judge(name: string, ms: number, other: string): Finding {
  const detail = `${formatAge(Math.abs(ms))} ${ms > 0 ? "ahead of" : "behind"} ${other}`;
  if (Math.abs(ms) <= SKEW_MS.failure) return warn(name, detail, FIX);
  const limit = formatAge(MAX_FUTURE_MS);
  return fail(name, `${detail}; events may be no more than ${limit} ahead`, FIX);
}
