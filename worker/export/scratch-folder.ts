import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Exports, and what DuckDB puts there of the cold tier's questions. */
const NAME = /^(?:export|spill)-(\d+)-/;

/** Lends a new folder below SCRATCH_DIR and removes it with all that is in it. Its name says whose it is. */
export async function withScratchFolder<T>(
  scratchDir: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(scratchDir, { recursive: true });
  const folder = await mkdtemp(join(scratchDir, `export-${process.pid}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Removes the folders of processes that were killed. To be called before this process has made any: one of its own number is of another
 * life, as in a container, where every process has the number 1.
 */
export async function removeLeftovers(scratchDir: string): Promise<void> {
  for (const name of await listNames(scratchDir)) {
    const [, owner] = NAME.exec(name) ?? [];
    if (owner === undefined) continue;
    const isOfAnotherLife = Number(owner) === process.pid || !isAlive(Number(owner));
    if (isOfAnotherLife) await rm(join(scratchDir, name), { recursive: true, force: true });
  }
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // Nothing has been exported yet.
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process, but one that lives.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
