import { SHORT_PATIENCE_MS, type WireRequest } from "../http/http-request.ts";

/** What stands where in a request that is made by hand: keys of the project, and one event as JSON with a new id. */
export type HttpParts = {
  readonly writeKey: string;
  readonly readKey: string;
  readonly event: string;
};

export type HttpCase = {
  readonly name: string;
  readonly toWire: (parts: HttpParts) => WireRequest;
};

/** HTTP at its edges: framing that lies, heads that are none, slow clients, and what proxies and servers have disagreed about before. */
export const HTTP_CASES: readonly HttpCase[] = [
  ...posts({
    "chunk size is no number": (body) => chunked(`zz\r\n${body}\r\n0\r\n\r\n`),
    "chunk is longer than its size": (body) => chunked(`5\r\n${body}\r\n0\r\n\r\n`),
    "chunk is shorter than its size": (body) => chunked(`fff\r\n${body}\r\n0\r\n\r\n`),
    "chunk size overflows": (body) => chunked(`ffffffffffffffffff\r\n${body}\r\n0\r\n\r\n`),
    "chunk size is negative": (body) => chunked(`-1\r\n${body}\r\n0\r\n\r\n`),
    "chunk size has 0x": (body) => chunked(`0x${hex(body)}\r\n${body}\r\n0\r\n\r\n`),
    "chunk has an extension": (body) => chunked(`${hex(body)};a="b"\r\n${body}\r\n0\r\n\r\n`),
    "chunks end with trailers": (body) =>
      chunked(`${hex(body)}\r\n${body}\r\n0\r\nAuthorization: Bearer x\r\nX: y\r\n\r\n`),
    "chunks of one byte": (body) =>
      chunked(`${[...body].map((byte) => `1\r\n${byte}\r\n`).join("")}0\r\n\r\n`),
    "chunks without a last one": (body) => chunked(`${hex(body)}\r\n${body}\r\n`),
    "chunks with bare line feeds": (body) => chunked(`${hex(body)}\n${body}\n0\n\n`),
    "length is negative": (body) => withLength("-1", body),
    "length has a plus": (body) => withLength(`+${body.length}`, body),
    "length is no number": (body) => withLength("abc", body),
    "length is hexadecimal": (body) => withLength(`0x${hex(body)}`, body),
    "length overflows": (body) => withLength("99999999999999999999999", body),
    "length is a list": (body) => withLength(`${body.length}, ${body.length}`, body),
    "length is empty": (body) => withLength("", body),
    "length is zero and a body follows": (body) => withLength("0", body),
    "length is shorter": (body) => withLength("10", body),
    "length is longer": (body) => withLength(String(body.length + 50), body),
    "length is five gigabytes": (body) => withLength("5368709120", body),
    "two equal lengths": (body) =>
      `content-length: ${body.length}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    "two lengths": (body) => `content-length: ${body.length}\r\ncontent-length: 3\r\n\r\n${body}`,
    "length and chunks": (body) =>
      `content-length: 3\r\n${chunked(`${hex(body)}\r\n${body}\r\n0\r\n\r\n`)}`,
    "chunks and a smuggled request": (body) =>
      `content-length: ${body.length}\r\n${chunked("0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")}`,
    "encoding is gzip and chunks": (body) =>
      `transfer-encoding: gzip, chunked\r\n\r\n${hex(body)}\r\n${body}\r\n0\r\n\r\n`,
    "encoding is identity": (body) => `transfer-encoding: identity\r\n\r\n${body}`,
    "encoding is spelt otherwise": (body) =>
      `transfer-encoding: xchunked\r\n\r\n${hex(body)}\r\n${body}\r\n0\r\n\r\n`,
    "encoding stands twice": (body) =>
      `transfer-encoding: chunked\r\n${chunked(`${hex(body)}\r\n${body}\r\n0\r\n\r\n`)}`,
    "encoding has a space before its colon": (body) =>
      `transfer-encoding : chunked\r\n\r\n${hex(body)}\r\n${body}\r\n0\r\n\r\n`,
    "neither length nor chunks": (body) => `\r\n${body}`,
    "expects to be told to continue": (body) =>
      `expect: 100-continue\r\n${withLength(String(body.length), body)}`,
    "expects nonsense": (body) => `expect: nonsense\r\n${withLength(String(body.length), body)}`,
    "two requests in one": (body) => {
      const one = withLength(String(body.length), body);
      return `${one}GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`;
    },
  }),
  ...heads({
    "no head at all": "\r\n\r\n",
    "no version": "GET /healthz\r\n\r\n",
    "version 0.9": "GET /healthz HTTP/0.9\r\n\r\n",
    "version 1.0": "GET /healthz HTTP/1.0\r\nhost: x\r\n\r\n",
    "version 2.0": "GET /healthz HTTP/2.0\r\nhost: x\r\n\r\n",
    "version 9.9": "GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n",
    "preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS hello": "\u0016\u0003\u0001\u0000\u00a5\u0001\u0000\u0000\u00a1\u0003\u0003\r\n\r\n",
    "a line of SMTP": "EHLO sluice\r\n\r\n",
    "a command of Redis": "*1\r\n$4\r\nPING\r\n\r\n",
    "zero bytes": "\0\0\0\0\r\n\r\n",
    "no method": "/healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "a method of a thousand letters": `${"A".repeat(1_000)} / HTTP/1.1\r\nhost: x\r\n\r\n`,
    "lower-case method": "get /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "method with a NUL": "G\0T /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "no target": "GET  HTTP/1.1\r\nhost: x\r\n\r\n",
    "a target with a space": "GET /a b HTTP/1.1\r\nhost: x\r\n\r\n",
    "a target without a slash": "GET healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "a target with raw bytes": "GET /\u00e9\u00ff HTTP/1.1\r\nhost: x\r\n\r\n",
    "a target with a NUL": "GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n",
    "an absolute target": "GET http://elsewhere.test/healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "an absolute target of another kind": "GET ftp://x/healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "an absolute target that is no URL": "GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n",
    "an absolute target with a user": "GET http://a:b@x/healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "the target *": "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    "CONNECT to another host": "CONNECT elsewhere.test:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    "TRACE with a secret": "TRACE /healthz HTTP/1.1\r\nhost: x\r\ncookie: secret=1\r\n\r\n",
    "no Host": "GET /healthz HTTP/1.1\r\n\r\n",
    "an empty Host": "GET /healthz HTTP/1.1\r\nhost:\r\n\r\n",
    "two Hosts": "GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
    "a Host with a space": "GET /healthz HTTP/1.1\r\nhost: a b\r\n\r\n",
    "a Host with a path": "GET /healthz HTTP/1.1\r\nhost: x/../y\r\n\r\n",
    "a Host with a user": "GET /healthz HTTP/1.1\r\nhost: a@b\r\n\r\n",
    "a Host that is percent-encoded": "GET /healthz HTTP/1.1\r\nhost: %00\r\n\r\n",
    "a Host with a port too large": "GET /healthz HTTP/1.1\r\nhost: x:99999\r\n\r\n",
    "a Host in brackets": "GET /healthz HTTP/1.1\r\nhost: [::1]\r\n\r\n",
    "a header with a NUL": "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: a\0b\r\n\r\n",
    "a header's name with a space": "GET /healthz HTTP/1.1\r\nhost: x\r\nbad header: a\r\n\r\n",
    "a header without a name": "GET /healthz HTTP/1.1\r\nhost: x\r\n: a\r\n\r\n",
    "a header without a colon": "GET /healthz HTTP/1.1\r\nhost: x\r\nheader\r\n\r\n",
    "a folded header": "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: a\r\n b\r\n\r\n",
    "a header with a bare carriage return": "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: a\rb\r\n\r\n",
    "bare line feeds": "GET /healthz HTTP/1.1\nhost: x\n\n",
    "200 headers": `GET /healthz HTTP/1.1\r\nhost: x\r\n${headers(200, 8)}\r\n`,
    "5,000 headers": `GET /healthz HTTP/1.1\r\nhost: x\r\n${headers(5_000, 8)}\r\n`,
    "a header of 15,000 bytes": `GET /healthz HTTP/1.1\r\nhost: x\r\n${headers(1, 15_000)}\r\n`,
    "a header of 1 MB": `GET /healthz HTTP/1.1\r\nhost: x\r\n${headers(1, 1_000_000)}\r\n`,
    "a URL of 8,000 bytes": `GET /v1/events?x=${"a".repeat(8_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    "a URL of 200,000 bytes": `GET /${"a".repeat(200_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    "an upgrade to WebSocket":
      "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "an upgrade to HTTP/2":
      "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    "a GET with a body": "GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc",
    "a head that does not end": "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ",
  }),
];

function posts(bodies: Readonly<Record<string, (event: string) => string>>): HttpCase[] {
  return Object.entries(bodies).map(([name, rest]) => ({
    name,
    toWire: ({ writeKey, event }) =>
      raw(
        "POST",
        `POST /v1/events?results=all HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${writeKey}\r\ncontent-type: application/json\r\n${rest(event)}`,
      ),
  }));
}

function heads(texts: Readonly<Record<string, string>>): HttpCase[] {
  return Object.entries(texts).map(([name, text]) => ({ name, toWire: () => raw("GET", text) }));
}

/** Many of them say that more comes: the client waits a little and leaves. */
function raw(method: string, text: string): WireRequest {
  const parts = [{ bytes: Buffer.from(text, "latin1") }];
  return { method, parts, isWhole: false, patienceMs: SHORT_PATIENCE_MS };
}

function chunked(chunks: string): string {
  return `transfer-encoding: chunked\r\n\r\n${chunks}`;
}

function withLength(length: string, body: string): string {
  return `content-length: ${length}\r\n\r\n${body}`;
}

function hex(body: string): string {
  return body.length.toString(16);
}

function headers(count: number, bytes: number): string {
  return Array.from({ length: count }, (_, i) => `x-fuzz-${i}: ${"v".repeat(bytes)}\r\n`).join("");
}
