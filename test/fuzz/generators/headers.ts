/** Headers that a server might obey, and should not. For fast-check. */
import fc from "fast-check";
import type { Header } from "../http/http-request.ts";
import { hostileText } from "./json-text.ts";

const HEADERS: readonly Header[] = [
  ["x-request-id", "a".repeat(5_000)],
  ["x-request-id", "../../x"],
  ["x-request-id", "\u00e9\u4e2d"],
  ["x-request-id", "<script>alert(1)</script>"],
  ["x-request-id", '"}{"'],
  ["x-request-id", ""],
  ["idempotency-key", "a.b.*.>"],
  ["idempotency-key", '"quoted"'],
  ["idempotency-key", "a".repeat(255)],
  ["idempotency-key", "a".repeat(256)],
  ["idempotency-key", "a b"],
  ["idempotency-key", "\u00e9"],
  ["idempotency-key", "seen:other:id"],
  ["idempotency-key", ""],
  ["authorization", "Basic YTpi"],
  ["authorization", "Bearer"],
  ["authorization", "Bearer a b"],
  ["authorization", "bearer  x"],
  ["authorization", ""],
  ["origin", "null"],
  ["origin", "https://evil.test"],
  ["access-control-request-method", "DELETE"],
  ["access-control-request-headers", "x, y, authorization"],
  ["content-type", "application/json"],
  ["content-type", "text/plain"],
  ["content-encoding", "gzip"],
  ["content-encoding", "br, gzip"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["traceparent", "zz"],
  ["cf-connecting-ip", "1.2.3.4"],
  ["cf-ipcountry", "XX"],
  ["x-forwarded-for", "127.0.0.1, evil"],
  ["x-forwarded-host", "evil.test"],
  ["x-http-method-override", "DELETE"],
  ["x-original-url", "/v1/export"],
  ["x-rewrite-url", "/v1/export"],
  ["cookie", "key=slu_w_x"],
  ["te", "trailers"],
  ["trailer", "authorization"],
  ["connection", "keep-alive, authorization"],
  ["upgrade-insecure-requests", "1"],
  ["if-none-match", "*"],
  ["if-match", "*"],
  ["if-modified-since", "Thu, 99 Jan 2024 00:00:00 GMT"],
  ["range", "bytes=0-"],
  ["accept-encoding", "gzip;q=x, *;q=0"],
  ["accept-encoding", "zstd, br"],
  ["sec-fetch-site", "cross-site"],
  ["x-forwarded-proto", "gopher"],
  ["forwarded", 'for="[::1]";host=x'],
];

export const headers = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HEADERS) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...HEADERS.map(([name]) => name)), hostileText)
        .map(([name, text]): Header => [name, toHeaderText(text)]),
    },
  ),
  { maxLength: 4 },
);

/** What a line of a header can hold. */
export function toHeaderText(text: string): string {
  return [...text.toWellFormed()].filter((one) => one >= " " && one !== "\u007f").join("");
}
