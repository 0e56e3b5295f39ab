import { setTimeout as delay } from "node:timers/promises";
import { createFineClock } from "../../contract/trace/fine-clock.ts";
import { createSpanExporter } from "../../contract/trace/span-exporter.ts";
import type { TraceSettings } from "../../contract/trace/trace-settings.ts";
import { createTracer, type Tracer } from "../../contract/trace/tracer.ts";
import type { Logger } from "../logger.ts";

export type Tracing = {
  readonly tracer: Tracer;
  /** Sends what has ended, and nothing from then on. */
  close(): Promise<void>;
};

const EXPORT_EVERY_MS = 1_000;

/** The worker's part in traces. Whoever calls this closes it. */
export function createTracing(settings: TraceSettings, workerId: string, logger: Logger): Tracing {
  const now = createFineClock();
  const exporter = createSpanExporter({
    settings,
    resource: { "service.instance.id": workerId },
    fetch,
    now,
    delay,
    onDropped: (fields) => logger.warn(fields, "spans dropped"),
  });
  const timer = setInterval(() => void exporter.flush(), EXPORT_EVERY_MS);
  return {
    tracer: createTracer({ ratio: settings.ratio, now, record: exporter.add }),
    async close() {
      clearInterval(timer);
      await exporter.flush();
    },
  };
}
