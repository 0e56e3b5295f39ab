import { AsyncLocalStorage } from "node:async_hooks";
import { createFineClock } from "../../contract/trace/fine-clock.ts";
import { createSpanExporter } from "../../contract/trace/span-exporter.ts";
import type { TraceSettings } from "../../contract/trace/trace-settings.ts";
import { createTracer, type Span, type Tracer } from "../../contract/trace/tracer.ts";
import { delay } from "../delay.ts";
import type { Logger } from "../logger.ts";

/** The edge's part in traces. There is one only where a collector is named: without it no request costs more than a comparison. */
export type Tracing = {
  readonly tracer: Tracer;
  /** The span of the request, or of what is being done for it. */
  current(): Span | undefined;
  /** Does the work, and all that it awaits, with `span` as the current one. */
  run<T>(span: Span, work: () => T): T;
  /** Has what has ended sent to the collector, some time after the answer. */
  exportSoon(waitUntil: (work: Promise<unknown>) => void): void;
  /** Sends what has ended. Never rejects. */
  flush(): Promise<void>;
};

/** Spans are passed on beside the arguments, as OpenTelemetry's SDKs do: a read goes through many hands that need not know of them. */
export function createTracing(
  settings: TraceSettings,
  logger: Logger,
  pause: (durationMs: number) => Promise<void> = delay,
): Tracing {
  const spans = new AsyncLocalStorage<Span>();
  const now = createFineClock();
  const exporter = createSpanExporter({
    settings,
    fetch: (url, init) => fetch(url, init),
    now,
    delay: pause,
    onDropped: (fields) => logger.warn("spans dropped", fields),
  });
  return {
    tracer: createTracer({ ratio: settings.ratio, now, record: exporter.add }),
    current: () => spans.getStore(),
    run: (span, work) => spans.run(span, work),
    exportSoon: exporter.soon,
    flush: exporter.flush,
  };
}
