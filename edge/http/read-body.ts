import { gunzipSync } from "node:zlib";
import { BODY_TIMEOUT_MS, MAX_BODY_BYTES } from "../../contract/limits.ts";
import { ProblemError } from "./problem.ts";
import { withinTime } from "./within-time.ts";

/**
 * Reads a request's body, gunzipped when `Content-Encoding` or its first bytes say so: `sendBeacon` cannot set the header.
 * Never holds more than `maxBytes` of either form, whatever the client claims or a gzip bomb holds, nor waits longer than `timeoutMs`.
 */
export async function readBody(
  request: Request,
  maxBytes: number = MAX_BODY_BYTES,
  timeoutMs: number = BODY_TIMEOUT_MS,
): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "gzip" && encoding !== "identity" && encoding !== "") {
    throw new ProblemError("unsupported-media-type", {
      detail: `Content-Encoding "${encoding.slice(0, 64)}" is not supported: send gzip or none`,
      headers: { "accept-encoding": "gzip" },
    });
  }
  const bytes = await receive(request, maxBytes, timeoutMs);
  if (isGzip(bytes)) return gunzipBounded(bytes, maxBytes);
  if (encoding === "gzip") throw malformed("the body is not gzip, as Content-Encoding says");
  return bytes;
}

async function receive(request: Request, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  try {
    return await withinTime(readBounded(request, maxBytes), timeoutMs, () => {
      const detail = `The body did not arrive within ${timeoutMs / 1_000} s`;
      return new ProblemError("request-timeout", { detail });
    });
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    // Chunks that are none, or a connection that ended early.
    throw malformed("it does not arrive as its headers say", cause);
  }
}

async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declaredBytes = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declaredBytes > maxBytes) throw tooLarge(maxBytes);
  // The HTTP server enforces a declared length, so the body can be taken whole; without one it is counted while it streams.
  if (declaredBytes >= 0) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  // What is left of a body that is refused stays readable for `discardBody`.
  for await (const chunk of request.body?.values({ preventCancel: true }) ?? []) {
    byteCount += chunk.byteLength;
    if (byteCount > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** RFC 1952 §2.3.1: the magic number and the only method there is. No JSON text starts with it. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 0x08;
}

function gunzipBounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(maxBytes);
    throw malformed("the gzip data is damaged", cause);
  }
}

function tooLarge(maxBytes: number): ProblemError {
  return new ProblemError("body-too-large", {
    detail: `The body is larger than ${maxBytes} bytes when decoded`,
  });
}

function malformed(reason: string, cause?: unknown): ProblemError {
  return new ProblemError("malformed-body", { detail: `Cannot read body: ${reason}`, cause });
}
