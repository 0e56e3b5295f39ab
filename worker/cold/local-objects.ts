import { access, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OBJECT_NAME, ObjectMissingError, type ObjectStore } from "./object-store.ts";

/** Hidden from tools that read the folder as a dataset, and on the same file system, so that a rename moves a file at once. */
const STAGING = ".staging";

/** Files in a folder of this machine, or of a file system that all workers share. */
export function createLocalObjects(folder: string): ObjectStore {
  const stagingDir = join(folder, STAGING);
  return {
    stagingDir,
    folders: [folder],
    async prepare() {
      await mkdir(stagingDir, { recursive: true });
    },
    async put(name, localPath) {
      const path = join(folder, name);
      await syncToDisk(localPath);
      const parents = await makeFolders(folder, name);
      await rename(localPath, path);
      // The rename, and a folder's own entry, survive a power loss only once their folders are written.
      for (const parent of parents) await syncToDisk(parent);
    },
    async lend(names) {
      const paths = names.map((name) => join(folder, name));
      for (const [index, path] of paths.entries()) {
        await access(path).catch((cause: unknown) => {
          throw new ObjectMissingError(names[index] ?? "", { cause });
        });
      }
      return { paths, release: async () => {} };
    },
    async forgetCopy() {},
    async remove(name) {
      await rm(join(folder, name), { force: true });
    },
    async *list() {
      const entries = await readdir(folder, { recursive: true });
      for (const entry of entries) {
        const name = entry.replaceAll("\\", "/");
        if (!OBJECT_NAME.test(name)) continue;
        const file = await stat(join(folder, name)).catch(() => undefined);
        if (file !== undefined) yield { name, bytes: file.size, modifiedMs: file.mtimeMs };
      }
    },
  };
}

/** Makes what is missing between the folder and the file; answers the folders whose entries may have changed, innermost first. */
async function makeFolders(folder: string, name: string): Promise<string[]> {
  const inner = dirname(join(folder, name));
  const firstMade = await mkdir(inner, { recursive: true });
  if (firstMade === undefined) return [inner];
  const changed = [inner];
  for (let path = inner; path !== folder; path = dirname(path)) changed.push(dirname(path));
  return changed;
}

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
