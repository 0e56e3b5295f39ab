import { describe, expect, it } from "vitest";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";
import { createHistogram } from "../../../../contract/metrics/histogram.ts";

describe("createHistogram()", () => {
  it("counts a value in every bucket that it fits, the last of which takes all", () => {
    const histogram = createHistogram({
      name: "wait_seconds",
      help: "How long",
      buckets: [0.1, 1],
      labels: { path: ["copy", "unnest"] },
    });
    for (const seconds of [0, 0.1, 0.25, 1, 1.5]) histogram.observe(seconds, { path: "copy" });
    histogram.observe(Number.NaN, { path: "copy" });
    expect(formatExposition([histogram.metric()])).toBe(`# HELP wait_seconds How long
# TYPE wait_seconds histogram
wait_seconds_bucket{path="copy",le="0.1"} 2
wait_seconds_bucket{path="copy",le="1"} 4
wait_seconds_bucket{path="copy",le="+Inf"} 5
wait_seconds_sum{path="copy"} 2.85
wait_seconds_count{path="copy"} 5
wait_seconds_bucket{path="unnest",le="0.1"} 0
wait_seconds_bucket{path="unnest",le="1"} 0
wait_seconds_bucket{path="unnest",le="+Inf"} 0
wait_seconds_sum{path="unnest"} 0
wait_seconds_count{path="unnest"} 0
`);
  });

  it("makes no series of a value that was not foreseen", () => {
    const labels: Record<string, string[]> = { path: ["copy"] };
    const histogram = createHistogram({ name: "a_seconds", help: "A", buckets: [1], labels });
    histogram.observe(1, { path: "other" });
    expect(histogram.metric().samples.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
  });
});
