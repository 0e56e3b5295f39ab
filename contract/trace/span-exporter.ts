import { toOtlp } from "./otlp.ts";
import type { TraceSettings } from "./trace-settings.ts";
import type { SpanRecord } from "./tracer.ts";

/**
 * Sends spans to a collector, by OTLP over HTTP in JSON. Nobody waits for it: when the collector is slow or away, spans are dropped and
 * counted. A batch that fails is not sent again, as it may have arrived.
 */
export type SpanExporter = {
  add(span: SpanRecord): void;
  /** Has spans sent in a moment, together with those of others: costs a comparison, as a rule. */
  soon(waitUntil: (work: Promise<unknown>) => void): void;
  /** Sends what there is. Never rejects. */
  flush(): Promise<void>;
  /** Spans that no collector got. */
  readonly dropped: number;
};

export type SpanExporterOptions = {
  readonly settings: Pick<TraceSettings, "url" | "headers" | "serviceName">;
  readonly resource?: Readonly<Record<string, string>>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly now: () => number;
  readonly delay: (ms: number) => Promise<unknown>;
  /** Told once a minute at most. */
  readonly onDropped: (fields: { readonly dropped: number; readonly err?: unknown }) => void;
};

/** About 1 MB; the default of OpenTelemetry's SDKs, as is the size of a batch. */
const MAX_QUEUED = 2_048;
const MAX_BATCH = 512;
const DELAY_MS = 200;
const TIMEOUT_MS = 1_000;
/** After a failure: so a collector that hangs holds one request every few seconds. */
const PAUSE_MS = 5_000;
const TELL_EVERY_MS = 60_000;

export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const { settings, now, delay } = options;
  const resource = { "service.name": settings.serviceName, ...options.resource };
  let queue: SpanRecord[] = [];
  /** A time, not a flag: on Cloudflare a call that is cut off with its request blocks no later one. */
  let nextAtMs = Number.NEGATIVE_INFINITY;
  let dropped = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  return {
    get dropped() {
      return dropped;
    },
    add(span) {
      if (queue.length >= MAX_QUEUED) drop(1);
      else queue.push(span);
    },
    soon(waitUntil) {
      if (queue.length === 0 || now() < nextAtMs) return;
      nextAtMs = now() + DELAY_MS;
      waitUntil(delay(DELAY_MS).then(flush));
    },
    flush,
  };

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH);
      queue = queue.slice(MAX_BATCH);
      try {
        await send(toOtlp(resource, batch));
      } catch (err) {
        nextAtMs = now() + PAUSE_MS;
        drop(batch.length, err);
        return;
      }
    }
  }

  async function send(body: string): Promise<void> {
    const response = await options.fetch(settings.url, {
      method: "POST",
      headers: { ...settings.headers, "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok)
      throw new Error(`Cannot export spans: the collector answered ${response.status}`);
  }

  function drop(count: number, err?: unknown): void {
    dropped += count;
    if (now() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = now();
    options.onDropped({ dropped, ...(err === undefined ? {} : { err }) });
  }
}
