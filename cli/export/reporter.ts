import { createProgress } from "../progress.ts";
import { formatNumber } from "../table.ts";
import type { Tally } from "./tally.ts";

/** Says on stderr how an export gets on: a line that changes on a terminal, elsewhere a new one from time to time. */
export type ExportReporter = {
  update(): void;
  end(): void;
};

const LINE_INTERVAL_MS = 5_000;

export function createExportReporter(
  name: string,
  tally: () => Pick<Tally, "bytes" | "events">,
  stream: NodeJS.WriteStream,
): ExportReporter {
  const startedMs = performance.now();
  let writtenMs = startedMs;
  const progress = createProgress(stream, "{name} | {counts}", 1, { name, counts: "asking" });
  return {
    update() {
      const nowMs = performance.now();
      const counts = formatCounts(tally(), (nowMs - startedMs) / 1_000);
      progress.update(0, { counts });
      if (stream.isTTY || nowMs - writtenMs < LINE_INTERVAL_MS) return;
      writtenMs = nowMs;
      progress.notice(`${name}: ${counts}`);
    },
    end: () => progress.end(),
  };
}

export function formatCounts(tally: Pick<Tally, "bytes" | "events">, seconds: number): string {
  const events = tally.events();
  const megabytes = `${(tally.bytes() / 1_000_000).toFixed(1)} MB`;
  if (events === undefined) return megabytes;
  const rate = Math.round(events / Math.max(seconds, 0.001));
  return `${megabytes}, ${formatNumber(events)} events, ${formatNumber(rate)}/s`;
}
