import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Over twenty seconds each, most of it spent waiting. */
const LONG = [
  ...["worker/replay", "edge/nats-cluster", "local/nats-cluster", "edge/outbox", "cli/dead"],
  ...["cli/operate", "edge/revocations", "worker/database-faults", "cli/import", "cli/keys"],
  ...["cli/replay", "fuzz/doors", "edge/publisher"],
].map((name) => `test/integration/${name}.test.ts`);

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
  const rank = LONG.findIndex((path) => moduleId.endsWith(path));
  return rank === -1 ? LONG.length : rank;
}
