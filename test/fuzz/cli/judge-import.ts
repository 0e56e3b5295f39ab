import type { ImportRun } from "./import-case.ts";

/** What the summary, `--json`, says of all files. */
export type ImportTotal = {
  readonly read: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
};

/**
 * A command without DuckDB takes 80 to 120 MiB for Node and its code, with DuckDB 100 more; it may hold 20 batches of 4 MiB. DuckDB is
 * given 1 GB, which a file whose rows are 10 MB may use.
 */
const MAX_MIB = { lines: 400, parquet: 1_300 };

/** The first thing that is wrong with how the command took a file; undefined when nothing is. */
export function judgeImport(run: ImportRun, isParquet: boolean): string | undefined {
  const { code, stderr, peakMiB, elapsedMs } = run;
  if (code === undefined) return `it did not end within ${Math.round(elapsedMs / 1_000)} s`;
  // As its help says.
  if (code !== 0 && code !== 1 && code !== 2)
    return `it ended with ${code}: ${stderr.slice(0, 500)}`;
  if (/\n\s+at \S+/.test(stderr)) return `it tells a stack trace: ${stderr.slice(0, 800)}`;
  const maxMiB = isParquet ? MAX_MIB.parquet : MAX_MIB.lines;
  if (peakMiB > maxMiB) return `it took ${peakMiB} MiB`;
  const total = totalOf(run);
  if (total === undefined) return code === 0 ? "it has no summary" : judgeFailure(stderr);
  if (total.read !== total.accepted + total.duplicate + total.rejected) {
    return `it does not add up: ${JSON.stringify(total)}`;
  }
  if (code === 0) return total.rejected === 0 ? undefined : "0, though events were rejected";
  return total.rejected > 0 ? undefined : judgeFailure(stderr);
}

function judgeFailure(stderr: string): string | undefined {
  return /^sluice: \S/m.test(stderr) ? undefined : `it does not say why: ${stderr.slice(0, 300)}`;
}

export function totalOf({ stdout }: ImportRun): ImportTotal | undefined {
  try {
    return (JSON.parse(stdout) as { total: ImportTotal }).total;
  } catch {
    return undefined;
  }
}
