import { describe, expect, test } from "vitest";
import {
  createTrace,
  formatTraceparent,
  readTraceHeaders,
  toTraceHeaders,
} from "../../../../contract/trace/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("readTraceHeaders()", () => {
  test.each([
    ["sampled", `00-${TRACE}-${SPAN}-01`, true],
    ["not sampled", `00-${TRACE}-${SPAN}-00`, false],
    ["flags of a later level", `00-${TRACE}-${SPAN}-03`, true],
    ["a later version", `01-${TRACE}-${SPAN}-01-more`, true],
  ])("reads one that is %s", (_, header, isSampled) => {
    expect(readTraceHeaders(header)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  test.each([
    ["none", undefined],
    ["empty", ""],
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["version 00 with more", `00-${TRACE}-${SPAN}-01-more`],
    ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a short trace", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["two headers in one", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])("takes %s for no context", (_, header) => {
    expect(readTraceHeaders(header)).toBeUndefined();
  });

  test("passes on the state as it came, and none that is too long or not printable", () => {
    const header = `00-${TRACE}-${SPAN}-01`;
    const read = (state: string) => readTraceHeaders(header, state)?.state;
    expect(read("a=1,b=2")).toBe("a=1,b=2");
    expect(read("x".repeat(513))).toBeUndefined();
    expect(read("a=\n1")).toBeUndefined();
  });

  test("reads what toTraceHeaders() writes", () => {
    const context = { traceId: TRACE, spanId: SPAN, isSampled: true, state: "a=1" };
    const { traceparent, tracestate } = toTraceHeaders(context);
    expect(readTraceHeaders(traceparent, tracestate)).toEqual(context);
  });
});

describe("createTrace()", () => {
  test("samples none with 0, all with 1, and about a fourth with 0.25", () => {
    const sampled = (ratio: number) =>
      Array.from({ length: 4_000 }, () => createTrace(ratio)).filter(({ isSampled }) => isSampled)
        .length;
    expect(sampled(0)).toBe(0);
    expect(sampled(1)).toBe(4_000);
    // Ten standard deviations.
    expect(Math.abs(sampled(0.25) - 1_000)).toBeLessThan(275);
  });

  test("makes ids that can be read again", () => {
    const trace = createTrace(1);
    expect(readTraceHeaders(formatTraceparent(trace))).toEqual(trace);
  });
});
