import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TOOLS } from "./checkout.mjs";
import { say } from "./say.mjs";

/** Two starts at once must not both fill node_modules: the second waits for the first. */
export async function withLock(work) {
  const lock = join(TOOLS, "bootstrap.lock");
  mkdirSync(TOOLS, { recursive: true });
  for (let isTold = false; !tryLock(lock); ) {
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!isTold) say(`waiting for another bootstrap (pid ${holder ?? "unknown"}) to finish`);
    isTold = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(lock) {
  try {
    return Number(readFileSync(lock, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
