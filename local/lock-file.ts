import { link, readFile, rename, rm, writeFile } from "node:fs/promises";

/**
 * Makes the file at `path`, or waits for `endOwner` to say that whoever made the one that is there is gone, and replaces it. It
 * appears at once with all its content. `endOwner` gets what was found, and throws while its owner lives.
 */
export async function takeLockFile(
  path: string,
  content: string,
  endOwner: (found: string) => void | Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  try {
    while (!(await isMade(temporary, path))) {
      const found = await readFile(path, "utf8").catch(() => undefined);
      if (found === undefined) continue;
      await endOwner(found);
      await setAside(path, found);
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A link fails where the file exists. */
async function isMade(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Another process may have judged the same file and replaced it meanwhile: anything but the judged one is put back. */
async function setAside(path: string, judged: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== judged) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}
