import { expect, it } from "vitest";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";

it("formatExposition() escapes what the format reserves, and leaves out a metric without samples", () => {
  const text = formatExposition([
    {
      name: "a_bytes",
      help: "back\\slash and\nline",
      type: "gauge",
      samples: [
        { labels: { one: 'quote " and\nline', other: "back\\slash" }, value: 1.5 },
        { value: 2 },
      ],
    },
    { name: "b_total", help: "none", type: "counter", samples: [] },
    { name: "c_total", help: "some", type: "counter", samples: [{ value: 1e21 }] },
  ]);
  expect(text).toBe(
    String.raw`# HELP a_bytes back\\slash and\nline
# TYPE a_bytes gauge
a_bytes{one="quote \" and\nline",other="back\\slash"} 1.5
a_bytes 2
# HELP c_total some
# TYPE c_total counter
c_total 1e+21
`,
  );
});
