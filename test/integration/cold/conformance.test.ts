import { expect } from "vitest";
import type { TieredEngine } from "../../../worker/cold/tiered-engine.ts";
import { describeConformance, type EngineUnderTest } from "../../support/conformance.ts";
import { startPostgres } from "../../support/postgres.ts";
import { isThorough, runs } from "../../support/thoroughness.ts";
import { startTimescale } from "../../support/timescale.ts";
import { openTiered } from "./open-tiered.ts";

/** Inside every range that the real events are asked about. */
const FLOOR_MS = Date.parse("2024-03-15T00:00:00Z");

describeConformance("PostgreSQL and files, with everything old coming late,", {
  runs: runs(10, 200),
  repeats: true,
  hasRealEvents: isThorough,
  open: () => openTiered(startPostgres, FLOOR_MS),
});

if (isThorough) {
  describeConformance("PostgreSQL and files, archived afterwards,", {
    runs: 1,
    open: () => openTiered(startPostgres),
    onGitEventsWritten: archiveOld,
  });
}

describeConformance("TimescaleDB and files, archived afterwards,", {
  runs: runs(5, 20),
  hasRealEvents: isThorough,
  open: () => openTiered(startTimescale),
  onGitEventsWritten: archiveOld,
});

async function archiveOld({ engine }: EngineUnderTest): Promise<void> {
  const { archive } = engine as TieredEngine;
  const report = await archive({ older_than_ms: Date.now() - FLOOR_MS, dry_run: false });
  expect(report.events).toBeGreaterThan(100_000);
  expect(report.is_cleared).toBe(true);
}
