import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "../timescale/database.ts";
import type { ObjectStore } from "./object-store.ts";

/** Longer than any file is made before the manifest names it. */
const MIN_AGE_MS = 3_600_000;

/**
 * Removes files that no manifest names, and staged ones that nobody took, once they are an hour old. The manifest is read after the list:
 * what came into it meanwhile is spared. Answers how many went.
 */
export async function collectGarbage(
  { sql, store }: { readonly sql: Sql; readonly store: ObjectStore },
  { nowMs, minAgeMs = MIN_AGE_MS }: { readonly nowMs: number; readonly minAgeMs?: number },
): Promise<number> {
  const candidates: string[] = [];
  for await (const { name, modifiedMs } of store.list()) {
    if (modifiedMs < nowMs - minAgeMs) candidates.push(name);
  }
  let removed = 0;
  for (let from = 0; from < candidates.length; from += PIECE) {
    const names = candidates.slice(from, from + PIECE);
    const known = await sql.unsafe<{ path: string }[]>(
      "select path from cold_files where path in (select json_array_elements_text($1::text::json))",
      [JSON.stringify(names)],
    );
    const named = new Set(known.map(({ path }) => path));
    for (const name of names) {
      if (named.has(name)) continue;
      await store.remove(name);
      removed += 1;
    }
  }
  for (const file of await readdir(store.stagingDir)) {
    const path = join(store.stagingDir, file);
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && status.mtimeMs < nowMs - minAgeMs) await rm(path, { force: true });
  }
  return removed;
}

const PIECE = 1_000;
