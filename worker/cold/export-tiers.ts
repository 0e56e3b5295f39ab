import type { TimeRange } from "../../contract/event-reading.ts";
import type { StoredEvent } from "../../contract/receipt.ts";
import { type StoredEventRow, toStoredEvent } from "../../contract/stored-event-row.ts";
import { FloorMovedError, filesBetween, isStale } from "./cold-deps.ts";
import { compileMonth, type Position } from "./cold-rows.ts";
import { readManifest } from "./manifest.ts";
import { rangeOfMonth } from "./partition.ts";
import type { TieredReaderDeps } from "./tiered-reader.ts";
import { lendWhole, withNames } from "./with-cold-files.ts";

export type ExportQuestion = {
  readonly projectId: string;
  readonly range: TimeRange;
  readonly signal: AbortSignal;
};

/** In a row, without a single event in between. */
const MAX_RESTARTS = 20;

/**
 * Both tiers have one order, by time and id, so that the last row handed out says where to go on, wherever the rows behind it are by then:
 * in files up to the floor, a month at a time, then in the table. When the floor moves past that row, or a file is replaced, it goes on
 * with what is there now.
 */
export async function* exportTiers(
  deps: TieredReaderDeps,
  question: ExportQuestion,
): AsyncGenerator<readonly StoredEvent[]> {
  let position: Position = { at: question.range.from, id: undefined };
  let restarts = 0;
  for (;;) {
    const floorMs = await deps.guard.refresh();
    const isBelow = floorMs !== undefined && Date.parse(position.at) < floorMs;
    const pieces = isBelow
      ? exportMonth(deps, question, { floorMs, position })
      : exportTable(deps, question, position);
    try {
      for await (const { events, end } of pieces) {
        if (events.length > 0) yield events;
        position = end;
        restarts = 0;
      }
      if (!isBelow || Date.parse(position.at) >= Date.parse(question.range.to)) return;
    } catch (error) {
      restarts += 1;
      if (!isStale(error) || restarts > MAX_RESTARTS) throw error;
    }
  }
}

/** Events in order, and where to go on behind them. */
type Piece = { readonly events: readonly StoredEvent[]; readonly end: Position };

/** The first month from the position on that has files, or nothing up to the floor. */
async function* exportMonth(
  { sql, store, duckDb }: TieredReaderDeps,
  { projectId, range, signal }: ExportQuestion,
  { floorMs, position }: { readonly floorMs: number; readonly position: Position },
): AsyncGenerator<Piece> {
  const manifest = await readManifest(sql, projectId);
  if (manifest.floorMs !== floorMs) throw new FloorMovedError();
  const ends = { fromMs: Date.parse(position.at), toMs: Date.parse(range.to) };
  const files = filesBetween(manifest.files, ends);
  const [month] = files.map((file) => file.month).sort();
  const endMs = month === undefined ? floorMs : Math.min(floorMs, rangeOfMonth(month).toMs);
  const own = files.filter((file) => file.month === month);
  const loan = await lendWhole(store, own, signal);
  try {
    if (own.length > 0) {
      const statement = compileMonth(loan.paths, { projectId, to: range.to, position });
      for await (const rows of duckDb.stream<StoredEventRow>(statement, signal)) {
        const events = rows.map(toStoredEvent);
        yield { events, end: behind(events, position) };
      }
    }
  } catch (error) {
    throw withNames(error, own);
  } finally {
    await loan.release();
  }
  yield { events: [], end: { at: new Date(endMs).toISOString(), id: undefined } };
}

/** All that the table has from the position on, as long as the floor stays at or below what was handed out. */
async function* exportTable(
  { hot, guard }: TieredReaderDeps,
  { projectId, range, signal }: ExportQuestion,
  position: Position,
): AsyncGenerator<Piece> {
  let end = position;
  for await (const events of hot.exportEvents(projectId, { ...range, from: position.at }, signal)) {
    await check();
    end = behind(events, end);
    yield { events, end };
  }
  await check();

  /** A piece behind which the floor lies may lack rows that are in files by now. */
  async function check(): Promise<void> {
    const floorMs = await guard.refresh();
    if (floorMs !== undefined && Date.parse(end.at) < floorMs) throw new FloorMovedError();
  }
}

function behind(events: readonly StoredEvent[], position: Position): Position {
  const last = events.at(-1);
  return last === undefined ? position : { at: last.occurred_at, id: last.event_id };
}
