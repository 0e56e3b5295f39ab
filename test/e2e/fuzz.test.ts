import { expect, it } from "vitest";
import { edgeDoor } from "../fuzz/edge/edge-door.ts";
import { formatReport } from "../fuzz/report.ts";
import { runs } from "../support/thoroughness.ts";

/** Those of long runs that once found something may be added. */
const KNOWN_SEEDS = [1, 1_000];
const REQUESTS = runs(4_000, 100_000);
const CONCURRENCY = 24;

it(`${REQUESTS} hostile requests crash nothing, store nothing that was refused, and meet no other project`, async () => {
  const seeds = [...KNOWN_SEEDS, Math.floor(Math.random() * 2 ** 31)];
  const report = await edgeDoor({
    seeds,
    requests: REQUESTS,
    concurrency: CONCURRENCY,
    withSlowClients: true,
    stop: new AbortController().signal,
    say: () => {},
  });
  // The seeds with the answers, and what a failed test shows.
  process.stdout.write(formatReport(report));
  expect(report.tally.faults).toEqual([]);
  expect(report.tally.total).toBeGreaterThanOrEqual(REQUESTS);
}, 600_000);
