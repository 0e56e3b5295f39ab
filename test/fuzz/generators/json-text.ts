/** JSON as text by chance: valid and nearly valid, since what breaks a reader is often not expressible as a value. For fast-check. */
import fc from "fast-check";
import { NUMBER_TEXTS, TIMESTAMP_TEXTS, UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "../corpus/hostile-text.ts";
import { JSON_CASES } from "../corpus/json-cases.ts";

const SMALL_CASES = JSON_CASES.filter(({ bytes }) => bytes.length < 2_000).map(({ bytes }) =>
  bytes.toString(),
);

/** Any text, often one with a meaning to somebody. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.constantFrom(...TIMESTAMP_TEXTS, ...UUID_TEXTS, ...NUMBER_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
);

/** JSON with lone surrogates as escapes; now and then every character is one. */
export const jsonString: fc.Arbitrary<string> = fc
  .tuple(hostileText, fc.nat(9))
  .map(([text, n]) => (n === 0 && text.length < 300 ? escapeAll(text) : JSON.stringify(text)));

export const jsonKey: fc.Arbitrary<string> = fc
  .constantFrom(...HOSTILE_KEYS)
  .map((key) => JSON.stringify(key));

const depth = fc.constantFrom(1, 2, 31, 32, 33, 100, 1_000, 20_000);

const deepText = fc
  .tuple(fc.constantFrom("array", "object", "mixed"), depth)
  .map(([kind, levels]) => {
    const open = { array: "[", object: '{"a":', mixed: '[{"a":' }[kind] ?? "";
    const close = { array: "]", object: "}", mixed: "}]" }[kind] ?? "";
    return `${open.repeat(levels)}0${close.repeat(levels)}`;
  });

const scalarText = fc.oneof(
  { weight: 3, arbitrary: jsonString },
  { weight: 3, arbitrary: fc.constantFrom(...NUMBER_TEXTS) },
  { weight: 2, arbitrary: fc.constantFrom("null", "true", "false", "0", "1", '""', "[]", "{}") },
  { weight: 1, arbitrary: fc.double().map((value) => JSON.stringify(value)) },
);

const nested = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalarText,
    fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
    fc
      .array(fc.tuple(jsonKey, tie("value")), { maxLength: 4 })
      .map((members) => `{${members.map(([key, item]) => `${key}:${item}`).join(",")}}`),
  ),
})).value;

/** One JSON value, mostly valid. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: scalarText },
  { weight: 4, arbitrary: nested },
  { weight: 1, arbitrary: deepText },
  { weight: 2, arbitrary: fc.constantFrom(...SMALL_CASES) },
);

function escapeAll(text: string): string {
  const escapes = Array.from({ length: text.length }, (_, index) =>
    text.charCodeAt(index).toString(16).padStart(4, "0"),
  );
  return `"${escapes.map((code) => `\\u${code}`).join("")}"`;
}
