import { quantile } from "../bench/statistics.ts";
import type { ChaosReport, FaultReport } from "./run-chaos.ts";
import { FAULT_KINDS } from "./schedule.ts";

/** What people read of a run. */
export function formatReport(report: ChaosReport): string {
  const { seed, acknowledged, repeats, answers, lost, duplicated, unexpected } = report;
  const lines = [
    `seed ${seed}: ${report.faults.length} faults in ${report.seconds} s`,
    `  acknowledged ${acknowledged}, repeated on purpose ${repeats} (${percent(repeats, acknowledged)}), drained in ${seconds(report.drainMs)}`,
    `  answers ${Object.entries(answers)
      .map(([answer, count]) => `${answer}: ${count}`)
      .join(", ")}`,
    `  recovered until an event is      accepted              stored`,
    ...FAULT_KINDS.flatMap((kind) => formatKind(kind, report.faults)),
    `  lost ${lost}, duplicated ${duplicated}, unexpected ${unexpected}`,
  ];
  if (lost > 0) lines.push(`  lost, such as: ${report.examples.lost.join(" ")}`);
  if (duplicated > 0) lines.push(`  duplicated, such as: ${report.examples.duplicated.join(" ")}`);
  if (report.deadLetters > 0) lines.push(`  dead letters: ${report.deadLetters}`);
  for (const answer of report.strange) lines.push(`  strange answer: ${answer}`);
  return `${lines.join("\n")}\n`;
}

function formatKind(kind: string, faults: readonly FaultReport[]): string[] {
  const ofKind = faults.filter(({ fault }) => fault.kind === kind);
  if (ofKind.length === 0) return [];
  const accepted = spread(ofKind.map(({ acceptedMs }) => acceptedMs));
  const stored = spread(
    ofKind.flatMap(({ storedMs }) => (storedMs === undefined ? [] : [storedMs])),
  );
  return [
    `    ${kind.padEnd(10)} ${String(ofKind.length).padStart(4)} times   ${accepted}   ${stored}`,
  ];
}

/** Median, 95th percentile and maximum. */
function spread(values: readonly number[]): string {
  const figures = [quantile(values, 0.5), quantile(values, 0.95), Math.max(...values)];
  return figures.map(seconds).join(" / ").padEnd(20);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
