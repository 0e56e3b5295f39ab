/** A JSON value, changed at one place, as text. For fast-check. */
import fc from "fast-check";
import { jsonKey, jsonText } from "./json-text.ts";

type Path = readonly (string | number)[];

/** The same as JSON, or with one part replaced by anything, left out, or given a sibling. */
export function changedJson(value: unknown): fc.Arbitrary<string> {
  const paths = pathsOf(value);
  return fc
    .record({
      path: fc.constantFrom(...paths),
      how: fc.constantFrom("replace", "replace", "replace", "drop", "add", "repeat", "keep"),
      key: jsonKey,
      text: jsonText,
    })
    .map(({ path, how, key, text }) => write(value, path, { how, key, text }));
}

type Change = { readonly how: string; readonly key: string; readonly text: string };

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...inner.flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

/** Undefined: the part is left out. */
function write(value: unknown, path: Path | undefined, change: Change): string {
  if (path?.length === 0) {
    if (change.how === "replace") return change.text;
    if (
      change.how === "add" &&
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value)
    ) {
      return `{${[...membersOf(value, undefined, change), `${change.key}:${change.text}`].join(",")}}`;
    }
    return JSON.stringify(value);
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (!Array.isArray(value)) return `{${membersOf(value, path, change).join(",")}}`;
  const items = value.flatMap((item, index) => {
    if (path?.[0] !== index) return [JSON.stringify(item)];
    if (path.length > 1) return [write(item, path.slice(1), change)];
    return siblings(JSON.stringify(item), change);
  });
  return `[${items.join(",")}]`;
}

function membersOf(value: object, path: Path | undefined, change: Change): string[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const name = JSON.stringify(key);
    if (path?.[0] !== key) return [`${name}:${JSON.stringify(item)}`];
    if (path.length > 1) return [`${name}:${write(item, path.slice(1), change)}`];
    return siblings(JSON.stringify(item), change).map((text) => `${name}:${text}`);
  });
}

/** What stands in place of one part. */
function siblings(own: string, { how, text }: Change): string[] {
  switch (how) {
    case "replace":
      return [text];
    case "drop":
      return [];
    case "repeat":
      return [own, own];
    default:
      return [own];
  }
}
