/** A request before it is bytes. Text stands for bytes: one character, at most U+00FF, for each. */
export type HttpRequest = {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body?: Buffer | undefined;
  readonly framing?: Framing | undefined;
};

export type Header = readonly [name: string, value: string];

/**
 * How the body's end is told. `length` and `chunked` are right; the others lie: they say more or fewer bytes than there are, or say it
 * twice in two ways, or leave the last chunk away.
 */
export type Framing = "length" | "chunked" | "longer" | "shorter" | "both" | "unfinished";

/** What goes out at once, after a pause. */
export type WirePart = { readonly bytes: Buffer; readonly pauseMs?: number };

export type WireRequest = {
  /** By which the answer is read: one to HEAD has no body. */
  readonly method: string;
  readonly parts: readonly WirePart[];
  /** Whole and well formed as HTTP, so that the connection serves others afterwards. */
  readonly isWhole: boolean;
  /** The client hangs up then: nobody could have answered what it began. */
  readonly patienceMs?: number;
};

/** Long enough for an answer that does not wait for the rest. */
export const SHORT_PATIENCE_MS = 400;

export function toWire(request: HttpRequest): WireRequest {
  const { method, target, headers, body, framing = "length" } = request;
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const all: Header[] = [
    ...(named.has("host") ? [] : [["host", "sluice.test"] as const]),
    ...headers,
    ...(body === undefined ? [] : lengthHeaders(body, framing)),
  ];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`, "latin1");
  const bytes = body === undefined ? head : Buffer.concat([head, ...framed(body, framing)]);
  const isWhole = framing === "length" || framing === "chunked" || body === undefined;
  const isEndless = body !== undefined && (framing === "longer" || framing === "unfinished");
  const patience = isEndless ? { patienceMs: SHORT_PATIENCE_MS } : {};
  return { method, parts: [{ bytes }], isWhole, ...patience };
}

function lengthHeaders(body: Buffer, framing: Framing): Header[] {
  const length = (bytes: number): Header => ["content-length", String(bytes)];
  const chunked: Header = ["transfer-encoding", "chunked"];
  switch (framing) {
    case "length":
      return [length(body.length)];
    case "longer":
      return [length(body.length + 100)];
    case "shorter":
      return [length(Math.floor(body.length / 2))];
    case "both":
      return [length(3), chunked];
    case "chunked":
    case "unfinished":
      return [chunked];
  }
}

const CHUNK_BYTES = 1_000;
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

function framed(body: Buffer, framing: Framing): Buffer[] {
  if (framing === "length" || framing === "longer" || framing === "shorter") return [body];
  const chunks: Buffer[] = [];
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    const part = body.subarray(start, start + CHUNK_BYTES);
    chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return framing === "unfinished" ? chunks : [...chunks, LAST_CHUNK];
}
