import type { DuckDBConnection } from "@duckdb/node-api";
import { pause } from "../pause.ts";
import { queryOn } from "./database.ts";

/** A checkpoint waits for the readers that still see what was deleted; a question takes seconds at most. */
const CHECKPOINT_TIMEOUT_MS = 60_000;
const RETRY_MS = 50;
/** Of 8 bytes each, in a block of 256 KiB, and some more than fit. */
const FILLERS_PER_BLOCK = 33_000;
/** A checkpoint frees a few blocks itself. */
const MAX_ROUNDS = 3;

/**
 * Leaves nothing in the file of what was overwritten or deleted. A checkpoint writes the changed columns to other blocks, and puts the
 * old ones, as they are, on the list of free blocks: DuckDB neither clears them nor gives them back unless they lie at the end. So a
 * table of pseudo-random numbers, which no compression makes smaller, is written over all of them and dropped.
 */
export async function scrubFile(connection: DuckDBConnection): Promise<void> {
  await connection.run("create or replace table filler (filler ubigint)");
  await checkpoint(connection);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const blocks = await countFreeBlocks(connection);
    if (blocks === 0) break;
    await connection.run(
      `insert into filler select hash(i) from range(${blocks * FILLERS_PER_BLOCK}) as numbers(i)`,
    );
    await checkpoint(connection);
  }
  await dropFiller(connection);
  await checkpoint(connection);
}

/** What a process that ended in the middle has left. */
export async function dropFiller(connection: DuckDBConnection): Promise<void> {
  await connection.run("drop table if exists filler");
}

async function countFreeBlocks(connection: DuckDBConnection): Promise<number> {
  const [row] = await queryOn<{ free_blocks: number }>(connection, {
    text: "select free_blocks from pragma_database_size()",
    params: [],
  });
  return row?.free_blocks ?? 0;
}

/** @throws DuckDB's own refusal when a reader stays too long. */
async function checkpoint(connection: DuckDBConnection): Promise<void> {
  const timeout = AbortSignal.timeout(CHECKPOINT_TIMEOUT_MS);
  for (;;) {
    try {
      await connection.run("checkpoint");
      return;
    } catch (error) {
      const isBusy = error instanceof Error && error.message.startsWith("TransactionContext Error");
      if (!isBusy || timeout.aborted) throw error;
      await pause(RETRY_MS, timeout);
    }
  }
}
