import { formatNumber } from "./table.ts";

/** `999 B`, `1.5 kB`, `2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${formatNumber(Number((bytes / 1_000 ** power).toFixed(1)))} ${units[power - 1]}`;
}
