import { createRequire } from "node:module";

/**
 * DuckDB's client for Node reads texts with a decoder that takes a byte order mark (U+FEFF) off their start: a user "\uFEFFa" would be
 * "a" in answers, and two users one. Its decoder is an export that it looks up for each text, so that another can stand in its place.
 * The test of exports on DuckDB fails without.
 */
export function keepByteOrderMarks(): void {
  const require = createRequire(import.meta.url);
  const accessors = require("@duckdb/node-api/lib/vectors/dataAccessors.js") as {
    textDecoder: InstanceType<typeof TextDecoder>;
  };
  accessors.textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
}
