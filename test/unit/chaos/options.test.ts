import { expect, it } from "vitest";
import { parseOptions, UsageError } from "../../chaos/options.ts";

it("parseOptions() takes the long form by default", () => {
  expect(parseOptions([])).toMatchObject({
    seed: 1,
    runs: 1,
    faultsPerKind: 50,
    events: 100_000,
    natsNodes: 1,
    edge: "workerd",
    sequence: undefined,
  });
});

it("parseOptions() takes a short form, and what is given goes before it", () => {
  expect(parseOptions(["--short", "--events", "10"])).toMatchObject({
    faultsPerKind: 2,
    events: 10,
  });
});

it("parseOptions() knows a call for help", () => {
  expect(parseOptions(["--help"])).toBe("help");
});

it.each([
  [["--faults", "many"], 'Cannot run: --faults is "many", not a number from 0 to 10000'],
  [["--faults", ""], 'Cannot run: --faults is "", not a number from 0 to 10000'],
  [["--seed", "1.5"], 'Cannot run: --seed is "1.5", not a number from 0 to 4294967295'],
  [["--overlap", "2"], 'Cannot run: --overlap is "2", not a number from 0 to 1'],
  [["--nats-nodes", "2"], "Cannot run: --nats-nodes is 2: two have no majority"],
  [["--edge", "deno"], 'Cannot run: --edge is "deno", not workerd or node'],
  [["--speed", "2"], "Cannot run: Unknown option '--speed'"],
])("parseOptions() refuses %j", (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
});
