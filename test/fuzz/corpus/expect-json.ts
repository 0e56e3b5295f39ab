/** What Sluice has to make of a JSON text that is the value of a property. Written from docs/http-api.md, without a look at the code. */
export type JsonExpectation = "stored" | "refused";

const MAX_LEVELS = 32;
const MAX_KEYS = 256;
const MAX_BYTES = 32 * 1024;
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** @param name `i_object_duplicated…` holds an object that repeats a key, which no parsed value shows. */
export function expectJson(name: string, bytes: Buffer): JsonExpectation {
  const value = parse(bytes);
  const isRefused =
    value === undefined ||
    /duplicated|one_key/.test(name) ||
    // Inside `properties`, which is the first level.
    !isStorable(value.json, 2) ||
    JSON.stringify(value.json).length > MAX_BYTES;
  return isRefused ? "refused" : "stored";
}

function parse(bytes: Buffer): { readonly json: unknown } | undefined {
  try {
    return {
      json: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)),
    };
  } catch {
    return undefined;
  }
}

function isStorable(value: unknown, level: number): boolean {
  switch (typeof value) {
    case "string":
      return isStorableText(value);
    case "number":
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    case "object":
      return value === null || isStorableObject(value, level);
    default:
      return true;
  }
}

function isStorableObject(value: object, level: number): boolean {
  if (level > MAX_LEVELS) return false;
  if (Array.isArray(value)) return value.every((item) => isStorable(item, level + 1));
  const keys = Object.keys(value);
  return (
    keys.length <= MAX_KEYS &&
    keys.every((key) => isStorableText(key) && !FORBIDDEN.has(key)) &&
    Object.values(value).every((item) => isStorable(item, level + 1))
  );
}

function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
