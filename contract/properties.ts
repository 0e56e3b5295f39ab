import { MAX_KEYS_PER_OBJECT, MAX_NESTING_DEPTH } from "./limits.ts";
import type { RejectionCode } from "./rejection.ts";

export type PropertiesProblem = {
  readonly code: RejectionCode;
  readonly path: readonly string[];
  readonly detail: string;
};

/**
 * Finds the first thing in `properties` that could not be stored and read back as it was sent, or undefined.
 * Walks on a stack of its own down to {@link MAX_NESTING_DEPTH}, so that input nested 100,000 deep costs no more than its parsing.
 */
export function checkProperties(properties: unknown): PropertiesProblem | undefined {
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) {
    return { code: "invalid_properties", path: [], detail: "is not a JSON object" };
  }
  return checkContainer(properties, 1);
}

/** Text that PostgreSQL's `text` and `jsonb` refuse, or that UTF-8 cannot carry. */
export function hasUnstorableText(text: string): boolean {
  return text.includes("\0") || !text.isWellFormed();
}

function checkContainer(container: object, depth: number): PropertiesProblem | undefined {
  if (depth > MAX_NESTING_DEPTH) {
    const detail = `is nested deeper than ${MAX_NESTING_DEPTH} levels`;
    return { code: "nested_too_deep", path: [], detail };
  }
  const isArray = Array.isArray(container);
  const entries = Object.entries(container);
  if (!isArray && entries.length > MAX_KEYS_PER_OBJECT) {
    const detail = `holds an object of more than ${MAX_KEYS_PER_OBJECT} keys`;
    return { code: "too_many_keys", path: [], detail };
  }
  for (const [key, value] of entries) {
    const problem = (isArray ? undefined : checkKey(key)) ?? checkValue(value, depth);
    if (problem !== undefined) return { ...problem, path: [key, ...problem.path] };
  }
  return undefined;
}

function checkKey(key: string): PropertiesProblem | undefined {
  if (key === "__proto__" || key === "constructor" || key === "prototype") {
    return { code: "forbidden_key", path: [], detail: `holds the forbidden key "${key}"` };
  }
  if (hasUnstorableText(key)) {
    const detail = "holds a key with a NUL or a lone surrogate";
    return { code: "unstorable_text", path: [], detail };
  }
  return undefined;
}

function checkValue(value: unknown, depth: number): PropertiesProblem | undefined {
  switch (typeof value) {
    case "string":
      if (!hasUnstorableText(value)) return undefined;
      return { code: "unstorable_text", path: [], detail: "holds a NUL or a lone surrogate" };
    case "number":
      // A double beyond it is a whole number whose last digits may have been sent or invented: nobody can tell.
      if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return undefined;
      return {
        code: "inexact_number",
        path: [],
        detail:
          "holds a number beyond ±(2^53 − 1), whose digits JSON readers lose: send it as text",
      };
    case "object":
      return value === null ? undefined : checkContainer(value, depth + 1);
    default:
      return undefined;
  }
}
