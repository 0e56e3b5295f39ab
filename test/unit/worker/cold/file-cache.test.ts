import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileCache, type FileCache } from "../../../../worker/cold/file-cache.ts";
import { makeTempDir, type TempDir } from "../../../support/temp-dir.ts";

let folder: TempDir;
let cache: FileCache;
let fetched: string[];

beforeEach(async () => {
  folder = await makeTempDir("cache");
  cache = createFileCache(folder.path, 25);
  fetched = [];
  await cache.prepare();
});
afterEach(() => folder.remove());

const lend = (name: string) =>
  cache.lend(name, async (path) => {
    fetched.push(name);
    await writeFile(path, `${name}:`.padEnd(10, "."));
  });
const use = async (name: string) => (await lend(name)).release();

describe("createFileCache()", () => {
  it("fetches a file once, also when several ask for it at once", async () => {
    const loans = await Promise.all([lend("a/b"), lend("a/b")]);
    await use("a/b");
    expect(fetched).toEqual(["a/b"]);
    expect(await readFile(loans[0].path, "utf8")).toBe("a/b:......");
  });

  it("keeps within its bytes, and what was used last", async () => {
    for (const name of ["a", "b", "a", "c"]) await use(name);
    expect((await readdir(folder.path)).sort()).toEqual(["a", "c"]);
    await use("b");
    expect(fetched).toEqual(["a", "b", "c", "b"]);
  });

  it("removes nothing that is lent", async () => {
    const loans = await Promise.all(["a", "b", "c", "d"].map(lend));
    expect(await readdir(folder.path)).toHaveLength(4);
    for (const loan of loans) await loan.release();
    expect(await readdir(folder.path)).toHaveLength(2);
  });

  it("lends nothing that is being removed", async () => {
    cache = createFileCache(folder.path, 5);
    for (let round = 0; round < 100; round += 1) {
      const first = await lend("a");
      const releasing = first.release();
      const again = await lend("a");
      await releasing;
      expect(await readFile(again.path, "utf8")).toBe("a:........");
      await again.release();
    }
  });

  it("leaves nothing of a fetch that fails, and tries again", async () => {
    const failing = cache.lend("a", async (path) => {
      await writeFile(path, "part");
      throw new Error("cut off");
    });
    await expect(failing).rejects.toThrow("cut off");
    expect(await readdir(folder.path)).toEqual([]);
    await use("a");
    expect(fetched).toEqual(["a"]);
  });

  it("knows what an earlier process left, and removes what that one did not finish", async () => {
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const file of ["a", "b.1234.part"]) {
      await writeFile(join(folder.path, file), "0123456789");
      await utimes(join(folder.path, file), old, old);
    }
    cache = createFileCache(folder.path, 25);
    await cache.prepare();
    for (const name of ["b", "c"]) await use(name);
    expect((await readdir(folder.path)).sort()).toEqual(["b", "c"]);
  });

  it("discards a copy that is not as long as it should be, also one that is lent", async () => {
    const first = await lend("a/b");
    await cache.discard("a/b", 10);
    await use("a/b");
    expect(fetched).toEqual(["a/b"]);
    await writeFile(first.path, "cut");
    await cache.discard("a/b", 10);
    await use("a/b");
    expect(fetched).toEqual(["a/b", "a/b"]);
    await first.release();
  });
});
