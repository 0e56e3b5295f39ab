import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/**
 * Copies of remote files, which never change, so that a name says all. Bounded: what was used longest ago goes first, and nothing goes
 * while it is lent. Several processes may share the folder; one that loses a file to another fetches it again.
 */
export type FileCache = {
  prepare(): Promise<void>;
  /** Lends a copy, which `fetch` writes to the path it is given if there is none. Whoever calls this releases it. */
  lend(name: string, fetch: (path: string) => Promise<void>): Promise<CachedFile>;
  forget(name: string): Promise<void>;
  /** Forgets a copy that is not so long, also while it is lent: nobody can make use of it. */
  discard(name: string, bytes: number): Promise<void>;
};

export type CachedFile = { readonly path: string; release(): Promise<void> };

const PART = ".part";
const STALE_PART_MS = 3_600_000;

export function createFileCache(folder: string, maxBytes: number): FileCache {
  /** In the order of their last use. */
  const sizes = new Map<string, number>();
  const lent = new Map<string, number>();
  const fetching = new Map<string, Promise<void>>();
  /** Removals under way: until one ends its file can still be seen. */
  const dropping = new Map<string, Promise<void>>();

  return {
    async prepare() {
      await mkdir(folder, { recursive: true });
      const found: { file: string; bytes: number; usedMs: number }[] = [];
      for (const file of await readdir(folder)) {
        const status = await stat(join(folder, file)).catch(() => undefined);
        if (status === undefined) continue;
        if (!file.endsWith(PART)) found.push({ file, bytes: status.size, usedMs: status.mtimeMs });
        else if (status.mtimeMs < Date.now() - STALE_PART_MS) {
          await rm(join(folder, file), { force: true });
        }
      }
      for (const { file, bytes } of found.sort((a, b) => a.usedMs - b.usedMs)) {
        sizes.set(file, bytes);
      }
    },
    async lend(name, fetch) {
      const file = toFileName(name);
      lent.set(file, (lent.get(file) ?? 0) + 1);
      try {
        await obtain(file, fetch);
      } catch (error) {
        await release(file);
        throw error;
      }
      return { path: join(folder, file), release: () => release(file) };
    },
    async forget(name) {
      const file = toFileName(name);
      if (!lent.has(file)) await drop(file);
    },
    async discard(name, bytes) {
      const file = toFileName(name);
      const status = await stat(join(folder, file)).catch(() => undefined);
      if (status?.size !== bytes) await drop(file);
    },
  };

  async function drop(file: string): Promise<void> {
    sizes.delete(file);
    const before = dropping.get(file);
    const running = (async () => {
      await before?.catch(() => {});
      await rm(join(folder, file), { force: true });
    })();
    dropping.set(file, running);
    try {
      await running;
    } finally {
      if (dropping.get(file) === running) dropping.delete(file);
    }
  }

  async function release(file: string): Promise<void> {
    const others = (lent.get(file) ?? 1) - 1;
    if (others > 0) lent.set(file, others);
    else lent.delete(file);
    await evict();
  }

  async function obtain(file: string, fetch: (path: string) => Promise<void>): Promise<void> {
    await dropping.get(file)?.catch(() => {});
    const status = await stat(join(folder, file)).catch(() => undefined);
    if (status !== undefined) {
      sizes.delete(file);
      sizes.set(file, status.size);
      const now = new Date();
      await utimes(join(folder, file), now, now).catch(() => {});
      return;
    }
    const running = fetching.get(file) ?? download(file, fetch);
    fetching.set(file, running);
    try {
      await running;
    } finally {
      fetching.delete(file);
    }
  }

  async function download(file: string, fetch: (path: string) => Promise<void>): Promise<void> {
    const part = join(folder, `${file}.${randomUUID()}${PART}`);
    try {
      await fetch(part);
      const { size } = await stat(part);
      await rename(part, join(folder, file));
      sizes.set(file, size);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async function evict(): Promise<void> {
    let total = 0;
    for (const bytes of sizes.values()) total += bytes;
    for (const [file, bytes] of sizes) {
      if (total <= maxBytes) return;
      if (lent.has(file)) continue;
      total -= bytes;
      await drop(file);
    }
  }
}

/** Names are made of letters that every file system takes, and slashes. */
function toFileName(name: string): string {
  return name.replaceAll("/", "_");
}
