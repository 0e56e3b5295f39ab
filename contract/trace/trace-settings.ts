import { z } from "zod";

/** Settings of edge and worker, as OpenTelemetry names them: https://opentelemetry.io/docs/specs/otel/protocol/exporter/. */
export const TRACE_VARS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url("is not a URL").optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(
      /^\s*[\w-]+\s*=[^,]*(,\s*[\w-]+\s*=[^,]*)*$/,
      "is not a list such as name=value,name=value",
    )
    .optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .transform(Number)
    .refine((ratio) => ratio >= 0 && ratio <= 1, "is not a number from 0 to 1")
    .default(1),
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
};

export type TraceSettings = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ratio: number;
  readonly serviceName: string;
};

type TraceVars = z.output<z.ZodObject<typeof TRACE_VARS>>;

/** Undefined where no collector is named: then nothing is traced. */
export function toTraceSettings(vars: TraceVars, serviceName: string): TraceSettings | undefined {
  const endpoint = vars.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  return {
    url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
    headers: parseHeaders(vars.OTEL_EXPORTER_OTLP_HEADERS ?? ""),
    ratio: vars.OTEL_TRACES_SAMPLER_ARG,
    serviceName: vars.OTEL_SERVICE_NAME ?? serviceName,
  };
}

/** Values are percent-encoded, as in W3C Baggage. */
function parseHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const entry of text.split(",")) {
    const at = entry.indexOf("=");
    if (at < 0) continue;
    headers[entry.slice(0, at).trim().toLowerCase()] = decode(entry.slice(at + 1).trim());
  }
  return headers;
}

/** What is not encoded is meant as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
