import type { Header } from "./http-request.ts";

export type HttpAnswer = {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Buffer;
  /** Whether the server keeps the connection for more. */
  readonly isKept: boolean;
};

export type ReadAnswer = { readonly answer: HttpAnswer; readonly rest: Buffer };

/**
 * Reads one answer from what has arrived; undefined while it is not whole. An answer without a length ends with the connection.
 * @throws {HttpSyntaxError} when the bytes are no answer.
 */
export function readAnswer(
  bytes: Buffer,
  method: string,
  isEnded: boolean,
): ReadAnswer | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) {
    if (bytes.length > MAX_HEAD_BYTES) throw new HttpSyntaxError("its head does not end");
    return undefined;
  }
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})( |$)/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new HttpSyntaxError(`"${statusLine.slice(0, 60)}" is no status`);
  const headers = lines.map(readHeader);
  const body = readBody(bytes.subarray(headEnd + 4), { method, status, headers, isEnded });
  if (body === undefined) return undefined;
  const isClosing = headerOf(headers, "connection")?.toLowerCase() === "close";
  return {
    answer: { status, headers, body: body.bytes, isKept: !isClosing && !body.endsConnection },
    rest: body.rest,
  };
}

export class HttpSyntaxError extends Error {
  override readonly name = "HttpSyntaxError";

  constructor(fault: string) {
    super(`Cannot read answer: ${fault}`);
  }
}

export function headerOf(headers: readonly Header[], wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

const MAX_HEAD_BYTES = 256 * 1024;

function readHeader(line: string): Header {
  const colon = line.indexOf(":");
  if (colon < 1) throw new HttpSyntaxError(`"${line.slice(0, 60)}" is no header`);
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

type Body = { readonly bytes: Buffer; readonly rest: Buffer; readonly endsConnection: boolean };

type Head = {
  readonly method: string;
  readonly status: number;
  readonly headers: readonly Header[];
  readonly isEnded: boolean;
};

function readBody(bytes: Buffer, head: Head): Body | undefined {
  const { method, status, headers, isEnded } = head;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { bytes: EMPTY, rest: bytes, endsConnection: false };
  }
  if (/chunked/i.test(headerOf(headers, "transfer-encoding") ?? "")) return readChunks(bytes);
  const length = headerOf(headers, "content-length");
  if (length !== undefined) {
    const size = Number(length);
    if (bytes.length < size) return undefined;
    return { bytes: bytes.subarray(0, size), rest: bytes.subarray(size), endsConnection: false };
  }
  return isEnded ? { bytes, rest: EMPTY, endsConnection: true } : undefined;
}

const EMPTY = Buffer.alloc(0);

function readChunks(bytes: Buffer): Body | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new HttpSyntaxError("a chunk has no size");
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) {
      return { bytes: Buffer.concat(parts), rest: bytes.subarray(end + 2), endsConnection: false };
    }
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
