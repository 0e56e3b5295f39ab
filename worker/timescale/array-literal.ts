/**
 * Texts as one PostgreSQL array literal (PostgreSQL's manual, "Array Value Input"). A parameter that is one string costs the
 * driver far less than an array it has to walk.
 */
export function encodeArrayLiteral(texts: readonly string[]): string {
  let literal = "{";
  for (const text of texts) {
    if (literal.length > 1) literal += ",";
    literal += `"${SPECIAL.test(text) ? text.replace(ALL_SPECIAL, "\\$&") : text}"`;
  }
  return `${literal}}`;
}

const SPECIAL = /["\\]/;
const ALL_SPECIAL = /["\\]/g;
