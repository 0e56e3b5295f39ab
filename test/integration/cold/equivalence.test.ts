import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toStatsData } from "../../../contract/stats-answer.ts";
import { STATS_QUERY_SCHEMAS, type StatsKind } from "../../../contract/stats-query.ts";
import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";
import { naiveStats } from "../../support/naive-stats.ts";
import { type PostgresService, startPostgres } from "../../support/postgres.ts";
import { type RandomCase, randomCase } from "../../support/random-cases.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";
import { runs } from "../../support/thoroughness.ts";
import { type ColdStack, NEVER, openColdStack } from "./cold-stack.ts";

/** Of each kind. A floor moves only forward, so that all cases with one boundary are archived at once, in the order of their boundaries. */
const CASES = Number(process.env.COLD_CASES ?? runs(10, 120));
const SEED = Number(process.env.COLD_SEED ?? Date.now() % 1_000_000_000);

let database: PostgresService;
let folder: TempDir;
let stack: ColdStack;

beforeAll(async () => {
  [database, folder] = await Promise.all([startPostgres(), makeTempDir("cold")]);
});
afterAll(async () => {
  await database?.stop();
  await folder?.remove();
});

describe(`hot and cold together agree with the definition (COLD_SEED=${SEED})`, () => {
  const kinds = Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[];
  it.each(kinds)(
    "%s",
    async (kind) => {
      // Floors of different kinds would be in each other's way.
      await resetDatabase(kind);
      try {
        await checkKind(kind);
      } finally {
        await stack.close();
      }
    },
    240_000,
  );
});

async function checkKind(kind: StatsKind): Promise<void> {
  const cases = fc
    .sample(randomCase(kind), { numRuns: CASES, seed: SEED })
    .map((one, index) => ({ ...one, projectId: `${kind.replaceAll("_", "-")}-${index}` }))
    .sort((a, b) => a.boundaryMs - b.boundaryMs);
  const boundaries = Map.groupBy(cases, ({ boundaryMs }) => boundaryMs);
  for (const [boundaryMs, own] of boundaries) {
    const parts = own.map((one) => ({ ...one, ...deal(one) }));
    await stack.writer.write(parts.flatMap(({ early }) => early));
    await stack.archiveUpTo(boundaryMs);
    await stack.writer.write(parts.flatMap(({ late }) => late));
    for (const { projectId, events, query, asOfMs } of own) {
      const { rows } = await stack.tier.reader.readStats(projectId, query, NEVER);
      const given = toStatsData(query, rows, asOfMs);
      const wanted = naiveStats(query, events, asOfMs);
      const reproduction = JSON.stringify({ query, boundary: new Date(boundaryMs), events });
      expect(given, reproduction).toEqual(wanted);
    }
  }
}

/** Some events come before their case is archived, the rest late; and some that came before come again. */
function deal(one: RandomCase & { readonly projectId: string }): {
  readonly early: readonly EventRow[];
  readonly late: readonly EventRow[];
} {
  const rows = toRows(one.projectId, one.events);
  const early = rows.filter((_, index) => index % 3 !== 0);
  const again = rows.filter((_, index) => index % 4 === 0);
  return { early, late: [...rows.filter((_, index) => index % 3 === 0), ...again] };
}

async function resetDatabase(kind: StatsKind): Promise<void> {
  const name = `kind_${kind}`;
  const admin = await openColdStack(database.url, `${folder.path}/admin`);
  await admin.sql.unsafe(`create database ${name}`);
  await admin.close();
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  stack = await openColdStack(url.href, `${folder.path}/${name}`);
}
