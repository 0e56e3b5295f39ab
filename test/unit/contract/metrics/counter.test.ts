import { describe, expect, it } from "vitest";
import { createCounter } from "../../../../contract/metrics/counter.ts";
import { formatExposition } from "../../../../contract/metrics/exposition.ts";

const name = "events_total";
const help = "Events";

describe("createCounter()", () => {
  it("has every series from the start", () => {
    const labels = { outcome: ["stored", "dead"], intake: ["live", "replay"] } as const;
    const counter = createCounter({ name, help, labels });
    counter.add(2, { intake: "replay", outcome: "stored" });
    counter.add(3, { outcome: "stored", intake: "replay" });
    expect(formatExposition([counter.metric()])).toBe(`# HELP events_total Events
# TYPE events_total counter
events_total{outcome="stored",intake="live"} 0
events_total{outcome="stored",intake="replay"} 5
events_total{outcome="dead",intake="live"} 0
events_total{outcome="dead",intake="replay"} 0
`);
  });

  it("has one series without labels", () => {
    const counter = createCounter({ name, help });
    counter.add(1);
    counter.add(0.5);
    expect(counter.metric().samples).toEqual([{ labels: {}, value: 1.5 }]);
  });

  it.each([1, 2, 3])("tells series of %i labels apart", (count) => {
    const names = ["a", "b", "c"].slice(0, count);
    const labels: Record<string, string[]> = Object.fromEntries(
      names.map((label) => [label, ["x", "y"]]),
    );
    const counter = createCounter({ name, help, labels });
    const { samples } = counter.metric();
    expect(samples).toHaveLength(2 ** count);
    for (const [index, sample] of samples.entries()) counter.add(index, sample.labels ?? {});
    expect(counter.metric().samples.map(({ value }) => value)).toEqual(samples.map((_, i) => i));
  });

  it("makes no series of a value that was not foreseen", () => {
    const labels: Record<string, string[]> = { outcome: ["stored"] };
    const counter = createCounter({ name, help, labels });
    counter.add(1, { outcome: "__proto__" });
    counter.add(1, {});
    expect(counter.metric().samples).toEqual([{ labels: { outcome: "stored" }, value: 0 }]);
  });
});
