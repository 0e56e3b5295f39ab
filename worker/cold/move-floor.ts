import type { TransactionSql } from "postgres";
import { FLOOR_LOCK, LOCK_CLASS } from "../timescale/advisory-locks.ts";
import type { ReservedSql, Sql } from "../timescale/database.ts";
import { withSession } from "../timescale/with-session.ts";
import { type Draft, findStale, keyOf, readErasureMarks } from "./archive-draft.ts";
import { countHotRows, type HotRange } from "./hot-rows.ts";
import { addFiles } from "./manifest.ts";

export type MoveStep = "floor-locked" | "manifest-written";

/** Far longer than a batch takes. Who waits for the floor's lock alone makes all writers wait: better none for a transaction that hangs. */
const LOCK_TIMEOUT = "10s";

/**
 * The one moment at which events change their place: nothing has come in since the drafts were made, so their files enter the manifest and
 * the floor moves behind them. Answers whether that came about.
 * @param session that holds the floor's lock, if one does.
 */
export function moveFloor(
  sql: Sql,
  session: ReservedSql | undefined,
  move: {
    readonly range: HotRange;
    readonly drafts: readonly Draft[];
    readonly onStep: (step: MoveStep) => void | Promise<void>;
  },
): Promise<boolean> {
  const act = (transaction: Transaction) => moveFloorIn(transaction, move);
  return session === undefined ? sql.begin(act) : inTransaction(session, act);
}

type Transaction = Sql | ReservedSql | TransactionSql;

async function moveFloorIn(
  transaction: Transaction,
  { range: { fromMs, toMs }, drafts, onStep }: Parameters<typeof moveFloor>[2],
): Promise<boolean> {
  await transaction`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
  await transaction`select pg_advisory_xact_lock(${LOCK_CLASS}, ${FLOOR_LOCK})`;
  await onStep("floor-locked");
  const [tier] = await transaction<{ floor: Date | null }[]>`select floor from cold_tier`;
  if (tier?.floor?.getTime() !== fromMs) return false;
  // Whoever is erased from now on waits for this transaction, and looks into its files.
  const marks = await readErasureMarks(transaction);
  // Rows only ever come in, apart from erasures: as many as were read are those that were read.
  const counts = await countHotRows(transaction, { fromMs, toMs });
  const known = new Map(drafts.map((draft) => [keyOf(draft.count), draft]));
  if (counts.length !== known.size || findStale(known, counts, marks).length > 0) return false;
  const keys = drafts.map(({ count: { projectId, month } }) => ({ projectId, month }));
  await transaction.unsafe(
    `insert into cold_partitions (project_id, month, version)
    select "projectId", month, 1
    from json_to_recordset($1::text::json) as partition("projectId" text, month text)
    on conflict (project_id, month) do update set version = cold_partitions.version + 1`,
    [JSON.stringify(keys)],
  );
  await addFiles(
    transaction,
    drafts.flatMap(({ files }) => files),
  );
  await transaction`update cold_tier set floor = ${new Date(toMs)}`;
  await onStep("manifest-written");
  return true;
}

/** Lets no writer in until the action is over, though no transaction is open: files may be made meanwhile. */
export function withFloorLocked<T>(
  sql: Sql,
  action: (session: ReservedSql) => Promise<T>,
): Promise<T> {
  return withSession(sql, async (session) => {
    await session`select set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`;
    try {
      await session`select pg_advisory_lock(${LOCK_CLASS}, ${FLOOR_LOCK})`;
      try {
        return await action(session);
      } finally {
        await session`select pg_advisory_unlock(${LOCK_CLASS}, ${FLOOR_LOCK})`;
      }
    } finally {
      await session`select set_config('lock_timeout', '0', false)`;
    }
  });
}

async function inTransaction<T>(
  session: ReservedSql,
  action: (session: ReservedSql) => Promise<T>,
): Promise<T> {
  await session`begin`;
  try {
    const result = await action(session);
    await session`commit`;
    return result;
  } catch (error) {
    await session`rollback`.catch(() => {});
    throw error;
  }
}
