import { cString, MESSAGE, message } from "./postgres-wire.ts";

/**
 * COPY FROM STDIN aborts the WebAssembly program, so a statement that fails as the client would expect takes its place. `bytes`
 * is a Query or Parse, `text` its SQL from `start` on; any other statement is returned as it is.
 */
export function refuseCopy(bytes: Buffer, start: number, text: string): Buffer {
  if (!/\bfrom\s+stdin\b/i.test(text) || !/\bcopy\b/i.test(text)) return bytes;
  const refusal = cString(COPY_REFUSAL);
  if (bytes[0] === MESSAGE.query) return message(MESSAGE.query, refusal);
  return message(MESSAGE.parse, bytes.subarray(5, start), refusal, Buffer.alloc(2));
}

const COPY_REFUSAL = `do $$ begin
  raise exception using errcode = '0A000',
    message = 'COPY FROM STDIN is not supported by the embedded database',
    hint = 'Insert with unnest(), or use a PostgreSQL server.';
end $$`;
