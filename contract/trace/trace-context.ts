/** Where a span stands: https://www.w3.org/TR/trace-context/. */
export type TraceContext = {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether spans of the trace are recorded. */
  readonly isSampled: boolean;
  /** What tracers before ours say to those behind it, as it came. */
  readonly state?: string;
};

/** A context as requests and messages carry it. */
export type TraceHeaders = { readonly traceparent: string; readonly tracestate?: string };

/** Later versions may have more behind the flags; `ff` is none. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_ID = /^0+$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** Undefined where a request or message carries no context, or one that is none: then a trace begins anew. */
export function readTraceHeaders(
  traceparent: string | null | undefined,
  tracestate?: string | null,
): TraceContext | undefined {
  const [, version, traceId = "", spanId = "", flags = "", more] =
    TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (version === undefined || NO_ID.test(traceId) || NO_ID.test(spanId)) return undefined;
  if (version === "00" && more !== undefined) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  const hasState = tracestate != null && TRACESTATE.test(tracestate);
  return { traceId, spanId, isSampled, ...(hasState ? { state: tracestate } : {}) };
}

export function toTraceHeaders({ state, ...context }: TraceContext): TraceHeaders {
  const traceparent = formatTraceparent(context);
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** A trace of its own, sampled with the probability `ratio`. The id alone decides, so that whoever sees the trace decides alike. */
export function createTrace(ratio: number): TraceContext {
  const traceId = randomHex(16);
  const isSampled = Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52;
  return { traceId, spanId: randomHex(8), isSampled };
}

export function createSpanId(): string {
  return randomHex(8);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** Asked for a kilobyte at a time: a call for eight bytes takes as long, microseconds. */
const random = new Uint8Array(1_024);
let used = random.length;

/** Never all zeros, which would be no id. */
function randomHex(bytes: number): string {
  if (used + bytes > random.length) {
    crypto.getRandomValues(random);
    used = 0;
  }
  let text = "";
  for (const byte of random.subarray(used, used + bytes)) text += HEX[byte];
  used += bytes;
  return NO_ID.test(text) ? randomHex(bytes) : text;
}
