import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Ten seconds or more each, most of it spent waiting. */
const LONG = [
  ...["worker/replay", "edge/nats-cluster", "local/nats-cluster", "edge/outbox", "cli/dead"],
  ...["edge/revocations", "cli/keys-rotation", "worker/database-faults", "worker/dead-letters"],
  ...["worker/pipeline", "cli/import", "cli/keys", "conformance/postgres", "worker/faults"],
  ...["cli/replay", "cli/operate", "fuzz/doors", "cold/archiver-killed", "edge/publisher"],
].map((name) => `test/integration/${name}.test.ts`);
const LONG_STACKS = ["engines", "projects", "outages", "stack", "export", "chaos", "fuzz"].map(
  (name) => `test/e2e/${name}.test.ts`,
);
const ORDER = [...LONG, ...LONG_STACKS];

/**
 * What takes longest begins first, of whichever project, so that nothing long is left for the end. Vitest runs project after project, and in
 * a fresh clone knows of no file how long it takes.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = ORDER.findIndex((path) => moduleId.endsWith(path));
  return rank === -1 ? ORDER.length : rank;
}
