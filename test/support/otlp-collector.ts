import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { poll } from "./poll.ts";

/** A span as it came, with its attributes as an object and the service that sent it. */
export type CollectedSpan = {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code: number; readonly message?: string };
};

/** Takes OTLP over HTTP in JSON, as an OpenTelemetry collector does, and keeps it. */
export type OtlpCollector = {
  readonly endpoint: string;
  readonly requests: readonly { readonly url: string; readonly headers: IncomingHttpHeaders }[];
  readonly spans: readonly CollectedSpan[];
  /** `hang` takes requests and answers none. */
  mode: "answer" | "hang" | "fail";
  /** The spans of a trace, once all of these names are among them. */
  waitForTrace(traceId: string, names: readonly string[]): Promise<CollectedSpan[]>;
  close(): Promise<void>;
};

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const requests: { url: string; headers: IncomingHttpHeaders }[] = [];
  const spans: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ url: request.url ?? "", headers: request.headers });
    const body = await text(request);
    if (collector.mode === "hang") return;
    if (collector.mode === "answer") spans.push(...readSpans(JSON.parse(body)));
    response.writeHead(collector.mode === "fail" ? 503 : 200, {
      "content-type": "application/json",
    });
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const collector: OtlpCollector = {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    spans,
    mode: "answer",
    async waitForTrace(traceId, names) {
      const found = () => spans.filter((span) => span.traceId === traceId);
      await poll(`spans ${names.join(", ")}`, async () => {
        const known = new Set(found().map(({ name }) => name));
        return names.every((name) => known.has(name));
      });
      return found();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return collector;
}

type OtlpValue = {
  stringValue?: string;
  intValue?: string;
  doubleValue?: number;
  boolValue?: boolean;
};
type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[];
type OtlpBody = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpAttributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<CollectedSpan, "attributes" | "service"> & {
        readonly attributes: OtlpAttributes;
      })[];
    }[];
  }[];
};

function readSpans({ resourceSpans }: OtlpBody): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(toObject(resource.attributes)["service.name"]);
    const found = scopeSpans.flatMap(({ spans }) => spans);
    return found.map((span) => ({ ...span, service, attributes: toObject(span.attributes) }));
  });
}

function toObject(attributes: OtlpAttributes): Record<string, string | number | boolean> {
  const toPlain = (value: OtlpValue) =>
    value.intValue === undefined
      ? (value.stringValue ?? value.boolValue ?? value.doubleValue ?? "")
      : Number(value.intValue);
  return Object.fromEntries(attributes.map(({ key, value }) => [key, toPlain(value)]));
}
