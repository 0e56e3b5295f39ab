/** Parts of URLs: text as it stands between their separators, encoded rightly, twice, or not at all. For fast-check. */
import fc from "fast-check";
import { hostileText } from "./json-text.ts";

type Encoding = "right" | "twice" | "raw" | "all" | "lower" | "plus";

export function encodeForUrl(text: string, encoding: Encoding): string {
  const wellFormed = text.toWellFormed();
  switch (encoding) {
    case "right":
      return encodeURIComponent(wellFormed);
    case "twice":
      return encodeURIComponent(encodeURIComponent(wellFormed));
    case "raw":
      // What a request line may not hold would be the client's own fault.
      return wellFormed.replace(/[^!-"$-~]/gu, encodeURIComponent);
    case "all":
      return percent(wellFormed);
    case "lower":
      return percent(wellFormed).toLowerCase();
    case "plus":
      return encodeURIComponent(wellFormed).replaceAll("%20", "+");
  }
}

const encoding = fc.constantFrom<Encoding>(
  "right",
  "right",
  "right",
  "twice",
  "raw",
  "all",
  "lower",
  "plus",
);

/** Percent-encoded bytes that are no UTF-8, and percent signs that encode nothing. */
const BROKEN = [
  "%",
  "%%",
  "%2",
  "%zz",
  "%u0041",
  "%ff",
  "%c0%af",
  "%ed%a0%80",
  "%f4%bf%bf%bf",
  "%00",
  "%0d%0a",
  "%2f",
  "%5c",
  "%2e%2e",
  "..",
  ".",
  "%252e%252e",
];

export const urlText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(hostileText, encoding)
      .map(([text, how]) => encodeForUrl(text.slice(0, 2_000), how)),
  },
  { weight: 1, arbitrary: fc.constantFrom(...BROKEN) },
);

function percent(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`)
    .join("");
}
