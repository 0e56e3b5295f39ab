/** What every engine must answer alike. A difference prints fast-check's seed and path with the smallest case that shows it. */
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventPageQuery } from "../../contract/event-page.ts";
import { toStatsData } from "../../contract/stats-answer.ts";
import {
  STATS_QUERY_SCHEMAS,
  type StatsKind,
  type StatsQuery,
} from "../../contract/stats-query.ts";
import type { Engine } from "../../worker/engine.ts";
import type { EventRow } from "../../worker/event-row.ts";
import { findGitEvents, type GitEvents } from "./git-events.ts";
import { gitQuestions } from "./git-questions.ts";
import { handWrittenCases } from "./hand-written-cases.ts";
import { toRows } from "./naive-rows.ts";
import { type NaiveEvent, naivePage, naiveStats } from "./naive-stats.ts";
import { readNdjsonRows } from "./ndjson-rows.ts";
import { type RandomCase, randomCase, shiftCase } from "./random-cases.ts";

/** An engine under test, with nothing in it. */
export type EngineUnderTest = {
  readonly engine: Engine;
  /** Where its cold tier begins, if it has one: random cases are moved so that theirs does. */
  readonly floorMs?: number;
  close(): Promise<void>;
};

export type ConformanceOptions = {
  readonly open: () => Promise<EngineUnderTest>;
  /** Of each kind of question. */
  readonly runs: number;
  /** Before the figures of the real events are asked, such as to archive some of them. */
  readonly onGitEventsWritten?: (tested: EngineUnderTest) => Promise<void>;
  /** False: the end-to-end tests ask about them. */
  readonly hasRealEvents?: boolean;
  /** Batches of the real events that are written a second time. */
  readonly repeats?: boolean;
};

const KINDS = Object.keys(STATS_QUERY_SCHEMAS) as StatsKind[];
const NEVER = new AbortController().signal;
const WRITE_ROWS = 10_000;

export function describeConformance(name: string, options: ConformanceOptions): void {
  describe(`${name} answers as the definition says`, () => {
    let tested: EngineUnderTest;
    let write: (rows: readonly EventRow[]) => Promise<unknown>;

    beforeAll(async () => {
      tested = await options.open();
      const writer = tested.engine.openWriter(1);
      write = (rows) => writer.write(rows);
    });
    afterAll(() => tested?.close());

    const load = async (events: readonly NaiveEvent[]) => {
      const projectId = randomUUID();
      const rows = toRows(projectId, events);
      if (rows.length > 0) await write(rows);
      // Some of them once more, as a retry would.
      if (rows.length > 3) await write(rows.slice(0, rows.length >> 1));
      return { projectId, rows };
    };
    const read = async (projectId: string, query: StatsQuery, asOfMs: number) => {
      const { rows } = await tested.engine.reader.readStats(projectId, query, NEVER);
      return toStatsData(query, rows, asOfMs);
    };
    const moved = (one: RandomCase) =>
      tested.floorMs === undefined ? one : shiftCase(one, tested.floorMs - one.boundaryMs);

    it.each(KINDS)("random questions: %s", { timeout: 300_000 }, async (kind) => {
      await fc.assert(
        fc.asyncProperty(randomCase(kind), async (given) => {
          const { events, query, asOfMs } = moved(given);
          const { projectId } = await load(events);
          expect(await read(projectId, query, asOfMs)).toEqual(naiveStats(query, events, asOfMs));
        }),
        { numRuns: options.runs },
      );
    });

    it.each(handWrittenCases())("$name", async ({ events, query, expected }) => {
      const { projectId } = await load(events);
      const asOfMs = Date.parse("2026-01-01T00:00:00Z");
      expect(naiveStats(query, events, asOfMs)).toEqual(expected);
      expect(await read(projectId, query, asOfMs)).toEqual(expected);
    });

    it("raw events, page by page, each once and newest first", async () => {
      await fc.assert(
        fc.asyncProperty(
          randomCase("events"),
          fc.integer({ min: 1, max: 9 }),
          async (given, limit) => {
            const { events, query } = moved(given);
            const { projectId, rows } = await load(events);
            const filters = query.kind === "events" ? query.filters : [];
            const { from, to } = query;
            const wanted = naivePage({ from, to, filters }, events, rows);
            const found: string[] = [];
            for (let cursor: EventPageQuery["cursor"]; ; ) {
              const asked: EventPageQuery = { from, to, filters, limit, ...(cursor && { cursor }) };
              const page = await tested.engine.reader.readPage(projectId, asked, NEVER);
              found.push(...page.events.map(({ event_id }) => event_id));
              const last = page.events.at(-1);
              if (!page.hasMore || last === undefined) break;
              cursor = { occurred_at: last.occurred_at, event_id: last.event_id };
            }
            expect(found).toEqual(wanted);
          },
        ),
        { numRuns: Math.ceil(options.runs / 4) },
      );
    });

    if (options.hasRealEvents ?? true) describeRealEvents(options, () => ({ tested, write, read }));
  });
}

type Access = {
  readonly tested: EngineUnderTest;
  readonly write: (rows: readonly EventRow[]) => Promise<unknown>;
  readonly read: (
    projectId: string,
    query: StatsQuery,
    asOfMs: number,
  ) => Promise<readonly object[]>;
};

function describeRealEvents(options: ConformanceOptions, access: () => Access): void {
  describe("150,233 real events", { timeout: 600_000 }, () => {
    const found = findGitEvents();
    if (found === undefined) return it.skip("the data is missing", () => {});
    const gitEvents: GitEvents = found;

    beforeAll(async () => {
      const { tested, write } = access();
      for await (const rows of readNdjsonRows("git", gitEvents.ndjsonGzPath, WRITE_ROWS)) {
        await write(rows);
        if (options.repeats) await write(rows.slice(0, rows.length >> 3));
      }
      await options.onGitEventsWritten?.(tested);
    }, 600_000);

    it.each(gitQuestions(gitEvents.expected))("$name", async ({ query, expected, pick }) => {
      const data = await access().read("git", query, Date.parse("2026-09-01T00:00:00Z"));
      expect(pick(data)).toEqual(expected);
    });
  });
}
