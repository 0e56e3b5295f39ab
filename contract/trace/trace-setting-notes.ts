import type { SettingNote } from "../setting-note.ts";

/** What TRACE_VARS are for, for docs/settings.md. */
export function traceSettingNotes(part: "edge" | "worker"): Readonly<Record<string, SettingNote>> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: {
      note: "Collector of [traces](operations.md#traces), such as `http://localhost:4318`: spans go to its `/v1/traces`, by OTLP over HTTP in JSON",
      byDefault: "no traces",
    },
    OTEL_EXPORTER_OTLP_HEADERS:
      "Headers for the collector, `name=value,name=value`, values percent-encoded",
    OTEL_TRACES_SAMPLER_ARG:
      "Share of the traces that begin here which are recorded, 0 to 1; one that comes with a `traceparent` is when that says so",
    OTEL_SERVICE_NAME: { note: "Names this part in traces", byDefault: `\`sluice-${part}\`` },
  };
}
