/** Whether a version such as `2.9.10`, `v22.18.0` or `7.0.15-rc1` is at least another; one that cannot be read is. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [given, least] = [version, wanted].map(numbersOf) as [number[], number[]];
  for (const [index, number] of least.entries()) {
    const own = given[index];
    if (own === undefined) return given.length === 0;
    if (own !== number) return own > number;
  }
  return true;
}

function numbersOf(version: string): number[] {
  const [text = ""] = /\d+(\.\d+)*/.exec(version) ?? [];
  return text === "" ? [] : text.split(".").map(Number);
}
