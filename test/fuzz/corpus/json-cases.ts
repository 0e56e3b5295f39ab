import type { JsonCase } from "./json-case.ts";
import { INVALID_JSON } from "./json-invalid.ts";
import { OPEN_JSON } from "./json-open.ts";
import { VALID_JSON } from "./json-valid.ts";

export const JSON_CASES: readonly JsonCase[] = [...VALID_JSON, ...INVALID_JSON, ...OPEN_JSON];

/** The case's text as the value of a property, last in the body of one event. */
export function embed({ bytes }: JsonCase, head: string): Buffer {
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"properties":{"value":`), bytes, END]);
}

const END = Buffer.from("}}");
