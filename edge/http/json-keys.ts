/**
 * Whether an object in `json` repeats a key. `JSON.parse` keeps the last of them and drops the others without a word; an event
 * must not lose a part behind a success code, so such JSON is refused, as I-JSON does (RFC 7493 §2.3).
 *
 * Valid JSON has one colon outside strings for each member: fewer keys in the parsed value than colons in the text means that
 * some were dropped. Nothing needs to be parsed twice.
 */
export function hasRepeatedKey(json: string, parsed: unknown): boolean {
  return countColons(json) !== countKeys(parsed);
}

/** Members of the text: in valid JSON only a key's closing quote is followed by a colon, white space aside. */
function countColons(json: string): number {
  let count = 0;
  let position = json.indexOf('"');
  while (position !== -1) {
    let end = json.indexOf('"', position + 1);
    while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
    end += 1;
    while (json.charCodeAt(end) <= SPACE) end += 1;
    if (json.charCodeAt(end) === COLON) count += 1;
    position = json.indexOf('"', end);
  }
  return count;
}

const SPACE = 0x20;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

function isEscaped(json: string, quote: number): boolean {
  let backslashes = 0;
  while (json.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** On a stack of its own, since the value can be nested as deep as the body is long. */
function countKeys(value: unknown): number {
  let count = 0;
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next !== "object" || next === null) continue;
    if (Array.isArray(next)) {
      for (const item of next) if (typeof item === "object") stack.push(item);
      continue;
    }
    for (const item of Object.values(next)) {
      count += 1;
      if (typeof item === "object") stack.push(item);
    }
  }
  return count;
}
