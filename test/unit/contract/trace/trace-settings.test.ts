import { expect, test } from "vitest";
import { z } from "zod";
import { TRACE_VARS, toTraceSettings } from "../../../../contract/trace/trace-settings.ts";

const schema = z.object(TRACE_VARS);

test("without a collector there are no traces", () => {
  const vars = schema.parse({ OTEL_TRACES_SAMPLER_ARG: "1", OTEL_SERVICE_NAME: "mine" });
  expect(toTraceSettings(vars, "sluice-edge")).toBeUndefined();
});

test("the rest has defaults, and headers are decoded", () => {
  const vars = schema.parse({
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example/base/",
    OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20abc==, x-team = events ",
  });
  expect(toTraceSettings(vars, "sluice-edge")).toEqual({
    url: "https://otlp.example/base/v1/traces",
    headers: { authorization: "Basic abc==", "x-team": "events" },
    ratio: 1,
    serviceName: "sluice-edge",
  });
});

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "is not a URL"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a secret", "is not a list such as name=value,name=value"],
  ["OTEL_TRACES_SAMPLER_ARG", "1.5", "is not a number from 0 to 1"],
  ["OTEL_TRACES_SAMPLER_ARG", "half", "is not a number from 0 to 1"],
])("%s may not be %s", (name, value, message) => {
  expect(schema.safeParse({ [name]: value }).error?.issues).toMatchObject([
    { path: [name], message },
  ]);
});
