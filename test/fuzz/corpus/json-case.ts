/**
 * A text and what a parser has to make of it, told by its name as in github.com/nst/JSONTestSuite: `y_` must be taken, `n_` must be
 * refused, `i_` is each parser's own affair.
 */
export type JsonCase = { readonly name: string; readonly bytes: Buffer };

/** Cases with one beginning of their names. */
export function many(prefix: string, texts: Readonly<Record<string, string | Buffer>>): JsonCase[] {
  return Object.entries(texts).map(([name, text]) => ({
    name: `${prefix}_${name}`,
    bytes: typeof text === "string" ? Buffer.from(text) : text,
  }));
}

/** Text around bytes that no text has. */
export function bytesOf(...parts: readonly (string | readonly number[])[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([...part]))),
  );
}
