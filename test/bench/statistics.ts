/** The value below which `fraction` of the sample lies (nearest rank). */
export function quantile(sample: readonly number[], fraction: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5);
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** "median (min–max)" */
export function spread(sample: readonly number[], digits = 2): string {
  const [middle, min, max] = [median(sample), Math.min(...sample), Math.max(...sample)];
  return `${round(middle, digits)} (${round(min, digits)}–${round(max, digits)})`;
}
