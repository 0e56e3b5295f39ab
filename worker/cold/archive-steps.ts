import { addBuckets, DAY_MS, floorToBucket } from "../../contract/time-buckets.ts";
import { rangeOfMonth } from "./partition.ts";

/** The floor that leaves a hot window of this length: a midnight, so that no day is on both sides of it. */
export function targetFloorMs(nowMs: number, hotMs: number): number {
  return floorToBucket(nowMs - hotMs, "day");
}

/**
 * Where the floor goes next on its way to the target: over one month that has events, together with empty time before it. Undefined at the
 * target, and where nothing has ever been archived and there is nothing to archive.
 */
export function nextFloorMs(
  months: Iterable<string>,
  { floorMs, targetMs }: { readonly floorMs: number | undefined; readonly targetMs: number },
): number | undefined {
  if (floorMs !== undefined && floorMs >= targetMs) return undefined;
  const ends = [...months]
    .map((month) => rangeOfMonth(month).toMs)
    .filter((end) => floorMs === undefined || end > floorMs)
    .sort((a, b) => a - b);
  const [end] = ends;
  if (end === undefined) return floorMs === undefined ? undefined : targetMs;
  return Math.min(end, targetMs);
}

/** Half of a step, in whole days: rows that arrive while it is archived hit the smaller one more rarely. */
export function halveStep(fromMs: number, toMs: number): number {
  const days = Math.max(1, Math.floor((toMs - fromMs) / DAY_MS / 2));
  return Math.min(toMs, addBuckets(floorToBucket(fromMs, "day"), days, "day"));
}
