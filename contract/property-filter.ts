import { z } from "zod";
import { hasUnstorableText } from "./properties.ts";

/**
 * Tests of an event's properties. `properties.<key>` names a key at the top of `properties`, whatever characters it has: dots too are
 * part of it.
 *
 * A property has a **text** when it is a string, a number (as JavaScript writes it) or a boolean; it has none when it is absent, null,
 * an object or an array. It has a **number** when it is a JSON number.
 *
 * | op | holds when |
 * |---|---|
 * | eq | the text is the value, or the value reads as a number that the property is |
 * | neq | not eq, so also where there is no text |
 * | in | eq for one of the values |
 * | gt gte lt lte | the number compares so; never for a string |
 * | contains | the property is a string and has the value in it |
 * | exists | the property is present and not null; with `false`: it is not |
 */
export const FILTER_OPS = [
  "eq",
  "neq",
  "in",
  "gt",
  "gte",
  "lt",
  "lte",
  "contains",
  "exists",
] as const;
export type FilterOp = (typeof FILTER_OPS)[number];

export const MAX_FILTERS = 10;
export const MAX_FILTER_VALUES = 100;
/** Of a key, and of a value. */
export const MAX_FILTER_CHARACTERS = 1_000;

const PREFIX = "properties.";

const text = z
  .string({ error: "must be text" })
  .max(MAX_FILTER_CHARACTERS, { error: `is longer than ${MAX_FILTER_CHARACTERS} characters` })
  .refine((value) => !hasUnstorableText(value), { error: "holds a NUL or a lone surrogate" });

/** `properties.<key>`; its value is the text with its prefix. */
export const propertyFieldSchema = text.refine((value) => value.startsWith(PREFIX), {
  error: `must be ${PREFIX} and a key`,
});

export function keyOfField(field: string): string {
  return field.slice(PREFIX.length);
}

/** Numbers and booleans are compared by their text, as in a URL. */
const value = z
  .union([text, z.number(), z.boolean()], { error: "must be text, a number, true or false" })
  .transform(String);
const nonEmpty = text.min(1, { error: "is empty" });
const number = z
  .union([z.number(), text], { error: "must be a number" })
  .transform((given, context) => {
    const read = typeof given === "number" ? given : readNumber(given);
    if (read !== undefined) return read;
    context.addIssue({ code: "custom", message: "must be a number" });
    return z.NEVER;
  });
const field = propertyFieldSchema;

const filterSchema = z.discriminatedUnion(
  "op",
  [
    z.strictObject({ field, op: z.literal(["eq", "neq"]), value }),
    z.strictObject({
      field,
      op: z.literal("in"),
      value: z
        .array(value, { error: "must be a list" })
        .min(1, { error: "is empty" })
        .max(MAX_FILTER_VALUES, { error: `holds more than ${MAX_FILTER_VALUES} values` }),
    }),
    z.strictObject({ field, op: z.literal(["gt", "gte", "lt", "lte"]), value: number }),
    z.strictObject({ field, op: z.literal("contains"), value: nonEmpty }),
    z.strictObject({
      field,
      op: z.literal("exists"),
      value: z.boolean({ error: "must be true or false" }).default(true),
    }),
  ],
  { error: `must be one of ${FILTER_OPS.join(", ")}` },
);

export type PropertyFilter = z.infer<typeof filterSchema>;

export const filtersSchema = z
  .array(filterSchema, { error: "must be a list" })
  .max(MAX_FILTERS, { error: `are more than ${MAX_FILTERS}` })
  .meta({
    description:
      "Only events that pass every test of their properties: in a URL `filter=properties.<key>:<op>:<value>`, as often as needed",
  });

/** The number that a text writes in JSON's grammar, if a property could be it. */
export function readNumber(given: string): number | undefined {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(given)) return undefined;
  const read = Number(given);
  return Math.abs(read) <= Number.MAX_SAFE_INTEGER ? read : undefined;
}

/**
 * Reads `properties.<key>:<op>:<value>` of a URL into what {@link filtersSchema} takes; `exists` may stand without a value, and `in`
 * takes values with commas between them (`\,` is a comma, `\\` a backslash). A key that holds `:<op>:` itself needs `POST /v1/query`.
 * Undefined when the text has no such form.
 */
export function readFilterText(given: string): unknown {
  const match = /^(.*?):(eq|neq|in|gt|gte|lt|lte|contains|exists)(?::(.*))?$/s.exec(given);
  if (match === null) return undefined;
  const [, field = "", op, written] = match;
  if (op === "exists") {
    const wanted = { true: true, false: false }[written ?? "true"] ?? written;
    return { field, op, value: wanted };
  }
  if (written === undefined) return undefined;
  return { field, op, value: op === "in" ? splitList(written) : written };
}

/** Values with commas between them; a backslash takes the next character as it is. */
export function splitList(given: string): string[] {
  const values = [""];
  for (const [part] of given.matchAll(/\\.|[^\\]|\\$/gs)) {
    if (part === ",") values.push("");
    else
      values.push(
        `${values.pop() ?? ""}${part.length > 1 && part[0] === "\\" ? part.slice(1) : part}`,
      );
  }
  return values;
}
