import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoreName } from "./store-parts.ts";

/**
 * Binds a data directory to the store that its events are in: started with another one it would seem to have lost them.
 * @throws when they are in another one
 */
export async function keepStore(dataDir: string, store: StoreName): Promise<void> {
  const path = join(dataDir, "store");
  const kept = await readKept(path, dataDir);
  if (kept === store) return;
  if (kept !== undefined) {
    throw new Error(
      `Cannot start: the events in ${dataDir} are kept in ${kept}, not ${store}: set DATA_DIR to another folder, and move them with sluice export and sluice import`,
    );
  }
  await writeFile(path, `${store}\n`);
}

/** A data directory of the time before there was a choice has no such file, but a database. */
async function readKept(path: string, dataDir: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text !== undefined) return text.trim();
  const isOlder = await readFile(join(dataDir, "timescale", "initialized")).then(
    () => true,
    () => false,
  );
  return isOlder ? "timescale" : undefined;
}
