import { benchCachedReads } from "./cached-reads.ts";
import { benchColdTier } from "./cold-tier.ts";
import { benchCompiled } from "./compiled.ts";
import { benchEdgeCpu } from "./edge-cpu.ts";
import { benchEdgeRuntimes } from "./edge-runtimes.ts";
import { benchEngines } from "./engines.ts";
import { benchFlood } from "./flood.ts";
import { benchFreshness } from "./freshness.ts";
import { benchKeyTiming } from "./key-timing.ts";
import { benchMemory } from "./memory.ts";
import { benchMultiRegion } from "./multi-region.ts";
import { benchOptionalIndexes } from "./optional-indexes.ts";
import { benchReads } from "./reads.ts";
import { benchWorkerDrain } from "./worker-drain.ts";

/** `npm run bench [-- name…]`: each benchmark prints medians and ratios of one run. */
const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  "cold-tier": benchColdTier,
  compiled: benchCompiled,
  "edge-cpu": benchEdgeCpu,
  "edge-runtimes": benchEdgeRuntimes,
  engines: benchEngines,
  flood: benchFlood,
  freshness: benchFreshness,
  "key-timing": benchKeyTiming,
  "optional-indexes": benchOptionalIndexes,
  reads: benchReads,
  "cached-reads": benchCachedReads,
  memory: benchMemory,
  "multi-region": benchMultiRegion,
  "worker-drain": benchWorkerDrain,
};

const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) {
    throw new Error(`Cannot run "${name}": there are ${Object.keys(BENCHMARKS).join(", ")}`);
  }
  await benchmark();
}
