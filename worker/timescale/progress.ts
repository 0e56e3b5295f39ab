import type { JetStreamManager } from "@nats-io/jetstream";
import type { Logger } from "../logger.ts";
import { pause } from "../pause.ts";
import { readStoredMs } from "../stored-until.ts";
import type { Sql } from "./database.ts";

const EVERY_MS = 500;
/** A worker that has not reported for so long is dead or cut off. */
const STALE_AFTER_MS = 30_000;

/**
 * Says in the database up to when everything that the stream had taken is visible in every aggregate (the edge answers 202 after
 * that). A worker's claim is about the whole stream except for rows that other workers have yet to refresh, which their own
 * claims cover; so readers take the least claim of all, and a worker must have one before it acknowledges anything.
 */
export type Progress = {
  /** The last claim. */
  readonly asOfMs: number | undefined;
  /** Enters this worker's first claim: no more than what all others claim. */
  start(): Promise<void>;
  run(stop: AbortSignal): Promise<void>;
  /**
   * Withdraws the claim; only a worker that left nothing invisible may. The last worker's claim stays, as readers need one and it
   * stays true, but is the first to be forgotten.
   */
  withdraw(): Promise<void>;
  /** Forgets workers that were silent before a repair that has now made their rows visible. */
  forgetSilent(repairBeganAt: Date): Promise<void>;
};

export type ProgressDeps = {
  readonly sql: Sql;
  readonly manager: JetStreamManager;
  readonly workerId: string;
  /** Of committed rows, see Refresher. */
  readonly oldestInvisibleMs: () => number | undefined;
  readonly isRepaired: () => boolean;
  /** Called when a worker has been silent for long. */
  readonly onSilentWorker: () => void;
  readonly logger: Logger;
};

export function createProgress(deps: ProgressDeps): Progress {
  const { sql, manager, workerId, logger } = deps;
  let asOfMs: number | undefined;

  return {
    get asOfMs() {
      return asOfMs;
    },
    async start() {
      const storedMs = (await readStoredMs(manager)) ?? 0;
      await sql`
        insert into pipeline_progress (worker_id, as_of, updated_at)
        select ${workerId}, coalesce(min(as_of), ${new Date(storedMs).toISOString()}::timestamptz), now()
        from pipeline_progress
        on conflict (worker_id) do update set updated_at = excluded.updated_at`;
    },
    async run(stop) {
      while (!stop.aborted) {
        try {
          await report();
        } catch (error) {
          logger.debug({ err: error }, "progress not reported");
        }
        await pause(EVERY_MS, stop);
      }
    },
    async withdraw() {
      await sql`
        with withdrawn as (
          delete from pipeline_progress
          where worker_id = ${workerId}
            and exists (
              select from pipeline_progress
              where worker_id <> ${workerId} and updated_at <> 'epoch'
            )
          returning worker_id
        )
        update pipeline_progress
        set updated_at = 'epoch'
        where worker_id = ${workerId} and not exists (select from withdrawn)`;
    },
    async forgetSilent(repairBeganAt) {
      const silentSince = new Date(repairBeganAt.getTime() - STALE_AFTER_MS).toISOString();
      await sql`
        delete from pipeline_progress
        where worker_id <> ${workerId} and updated_at < ${silentSince}::timestamptz`;
    },
  };

  async function report(): Promise<void> {
    // In this order: a row whose acknowledgement the stream shows has been noted as invisible before.
    const storedMs = await readStoredMs(manager);
    const invisibleMs = deps.oldestInvisibleMs() ?? Number.POSITIVE_INFINITY;
    // Until the first repair rows of a crashed predecessor with this worker's name may be invisible.
    if (storedMs === undefined || !deps.isRepaired()) {
      await sql`update pipeline_progress set updated_at = now() where worker_id = ${workerId}`;
      return;
    }
    // A claim stays true once it is: a recreated consumer delivers everything again and takes nothing back.
    asOfMs = Math.max(asOfMs ?? 0, Math.min(storedMs, invisibleMs));
    const [row] = await sql<{ has_silent: boolean }[]>`
      with report as (
        insert into pipeline_progress (worker_id, as_of, updated_at)
        values (${workerId}, ${new Date(asOfMs).toISOString()}::timestamptz, now())
        on conflict (worker_id) do update set
          as_of = greatest(pipeline_progress.as_of, excluded.as_of),
          updated_at = excluded.updated_at
      )
      select exists (
        select from pipeline_progress
        where worker_id <> ${workerId} and updated_at < now() - make_interval(secs => ${STALE_AFTER_MS / 1_000})
      ) as has_silent`;
    if (row?.has_silent === true) deps.onSilentWorker();
  }
}
