import { mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileDamage } from "./damage-plan.ts";

/** One file of the cold tier, with others that might stand in its place. */
export type Victim = {
  readonly path: string;
  readonly otherMonth: string;
  readonly otherProject: string;
};

/** Does it, and answers how to undo it. */
export async function applyDamage(
  victim: Victim,
  damage: FileDamage,
): Promise<() => Promise<void>> {
  const original = await readFile(victim.path);
  const restore = async () => {
    await rm(victim.path, { recursive: true, force: true });
    await write(victim.path, original);
  };
  switch (damage.how) {
    case "alien": {
      const path = join(dirname(victim.path), damage.name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, await readFile(victim.otherProject));
      return () => rm(path, { recursive: true, force: true });
    }
    case "link":
      await rm(victim.path);
      await symlink(targetOf(damage.to, victim), victim.path);
      return restore;
    case "directory":
      await rm(victim.path);
      await mkdir(victim.path);
      return restore;
    case "remove":
      await rm(victim.path);
      return restore;
    default:
      await write(victim.path, await changed(original, damage, victim));
      return restore;
  }
}

let writes = 0;

/** With a time of its own: DuckDB keeps what it has read of a file until that has another one. */
async function write(path: string, content: Buffer): Promise<void> {
  await writeFile(path, content);
  writes += 1;
  await utimes(path, writes * 60, writes * 60);
}

function targetOf(to: string, { path, otherProject }: Victim): string {
  if (to === "project") return otherProject;
  return to === "itself" ? path : to;
}

async function changed(
  original: Buffer,
  damage: Exclude<FileDamage, { how: "alien" | "link" | "directory" | "remove" }>,
  { otherMonth, otherProject }: Victim,
): Promise<Buffer> {
  switch (damage.how) {
    case "cut":
      return original.subarray(0, Math.floor(damage.at * original.length));
    case "append":
      return Buffer.concat([original, Buffer.alloc(damage.bytes, "x")]);
    case "text":
      return Buffer.from("no Parquet");
    case "swap":
      return readFile(damage.with === "month" ? otherMonth : otherProject);
    case "flip":
    case "zero": {
      const copy = Buffer.from(original);
      const at = Math.min(copy.length - 1, Math.floor(damage.at * copy.length));
      if (damage.how === "flip") copy[at] = (copy[at] ?? 0) ^ (1 << damage.bit);
      else copy.fill(0, at, Math.min(copy.length, at + damage.bytes));
      return copy;
    }
  }
}
