/** What a clock elsewhere said: some time between `fromMs` and `toMs`, between our sending and our receiving. */
export type ClockReading = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
};

/** How far that clock is ahead of ours, at least; negative for behind, 0 where both may be right. */
export function skewMs({ fromMs, toMs, sentMs, receivedMs }: ClockReading): number {
  const least = fromMs - receivedMs;
  const most = toMs - sentMs;
  return Math.max(least, Math.min(most, 0));
}
