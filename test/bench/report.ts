/** One measured line: what it is, then its figures. */
export function report(name: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures).map(([label, value]) => `${label} ${value}`);
  console.log(`${name}: ${text.join(", ")}`);
}
