import type { DoorReport } from "./door.ts";
import type { Fault } from "./tally.ts";

/** What people read of a door. */
export function formatReport(report: DoorReport): string {
  const { door, seeds, tally, seconds, notes } = report;
  const rate = Math.round(tally.total / Math.max(seconds, 0.001));
  return [
    `${door}: ${tally.total} in ${Math.round(seconds)} s, ${rate} a second, seeds ${seeds.join(", ")}`,
    ...formatCounts(tally.counts),
    ...notes.map((note) => `  ${note}`),
    `  faults: ${tally.faultCount}`,
    ...tally.faults.flatMap(formatFault),
    "",
  ].join("\n");
}

/** Kinds down, answers across. */
function formatCounts(counts: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  const outcomes = [...new Set([...counts.values()].flatMap((own) => [...own.keys()]))].sort();
  const line = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(22)}${cells.map((cell) => cell.padStart(9)).join("")}`;
  const sums = outcomes.map((outcome) =>
    [...counts.values()].reduce((sum, own) => sum + (own.get(outcome) ?? 0), 0),
  );
  return [
    line("", outcomes),
    ...[...counts].map(([kind, own]) =>
      line(
        kind,
        outcomes.map((outcome) => String(own.get(outcome) ?? "")),
      ),
    ),
    line("all", sums.map(String)),
  ];
}

function formatFault({ kind, text, example, seed, path }: Fault): string[] {
  const place = [
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...(path === undefined ? [] : [`path ${path}`]),
  ];
  return [
    `  fault: ${kind}: ${text}`,
    ...(place.length === 0 ? [] : [`    ${place.join(", ")}`]),
    ...(example === undefined ? [] : [`    smallest case: ${example}`]),
  ];
}
