import { withinTime } from "./within-time.ts";

/** Beyond it a client is cut off: it can only mean to keep us busy. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 64 * 1024;
/** Beyond it, too: its answer is worth more than what it still has to say. */
const DISCARD_TIMEOUT_MS = 5_000;

/**
 * Takes in what a client is still sending with a request that is being refused, and keeps none of it. A server that answers and closes
 * meanwhile resets the connection, and the client sees that instead of the answer (RFC 9112 §9.6): workerd drains 64 KiB only.
 * Never rejects.
 */
export function discardBody(request: Request, timeoutMs = DISCARD_TIMEOUT_MS): Promise<void> {
  return withinTime(
    discardAll(request),
    timeoutMs,
    () => new Error("Cannot discard body: it does not end"),
  ).catch(() => {});
}

async function discardAll(request: Request): Promise<void> {
  const declaredBytes = Number(request.headers.get("content-length") ?? 0);
  if (request.body === null || request.body.locked || declaredBytes > MAX_DISCARDED_BYTES) return;
  let byteCount = 0;
  try {
    // A flood of small requests would make as many buffers of full size, and their collection hold up everybody.
    if (declaredBytes > 0 && declaredBytes <= READ_BYTES) {
      await request.arrayBuffer();
      return;
    }
    const readSome = createReader(request.body);
    while (byteCount <= MAX_DISCARDED_BYTES) {
      const length = await readSome();
      if (length === undefined) return;
      byteCount += length;
    }
  } catch {
    // It is read already, or the client has gone.
  }
}

/** Reads on and tells how much; undefined at the end. */
function createReader(body: ReadableStream<Uint8Array>): () => Promise<number | undefined> {
  try {
    // Into one buffer again and again: megabytes of chunks would wait for the garbage collector.
    const reader = body.getReader({ mode: "byob" });
    let buffer = new Uint8Array(READ_BYTES);
    return async () => {
      const { done, value } = await reader.read(buffer);
      if (done) return undefined;
      buffer = new Uint8Array(value.buffer);
      return value.byteLength;
    };
  } catch {
    // A request of Node fills no buffer.
    const reader = body.getReader();
    return async () => {
      const { done, value } = await reader.read();
      return done ? undefined : value.byteLength;
    };
  }
}
