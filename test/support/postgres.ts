/** A plain native PostgreSQL, as npm test gets it from the distribution: COPY works, TimescaleDB is absent. */
import { spawnSync } from "node:child_process";
import { chown, cp, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findServer } from "../../local/find-server.ts";
import { findFreePort } from "../../local/free-port.ts";
import type { Part } from "../../local/part.ts";
import { answersSql } from "../../local/probes.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir, type TempDir } from "./temp-dir.ts";

export interface PostgresService extends Service {
  readonly port: number;
  /** User sluice, a superuser; database postgres. */
  readonly url: string;
}

/** The user "nobody" on Debian and in most containers: PostgreSQL refuses to run as root. */
const UNPRIVILEGED_ID = 65_534;

export async function startPostgres(): Promise<PostgresService> {
  const tempDir = await makeTempDir("postgres");
  const port = await findFreePort();
  const url = `postgres://sluice@127.0.0.1:${port}/postgres`;
  const binDir = await findReadableBinDir(tempDir);
  const dataDir = join(tempDir.path, "data");
  await mkdir(dataDir);
  if (isRoot()) {
    await chown(tempDir.path, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
    await chown(dataDir, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  }
  const initdb = asUnprivileged([
    join(binDir, "initdb"),
    ...["--auth=trust", "--username=sluice", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"],
    ...["--pgdata", dataDir],
  ]);
  const result = spawnSync(initdb.command, initdb.args, { cwd: tempDir.path, encoding: "utf8" });
  if (result.status !== 0) {
    await tempDir.remove();
    throw new Error(`Cannot start PostgreSQL: initdb failed: ${result.error ?? result.stderr}`);
  }
  const part: Part = {
    name: "postgres",
    ...asUnprivileged([
      join(binDir, "postgres"),
      ...["-D", dataDir, "-p", String(port), "-h", "127.0.0.1", "-k", ""],
      ...["-c", "jit=off", "-c", "fsync=off", "-c", "max_connections=50"],
    ]),
    needs: [],
    isReady: () => answersSql(url),
    readyTimeoutMs: 20_000,
    // SIGTERM would wait for all clients to leave.
    stopSignal: "SIGINT",
    stopTimeoutMs: 10_000,
  };
  const service = await startService(part, tempDir);
  return { ...service, port, url };
}

/**
 * The folder of the server's programs. If bootstrap got them into a checkout that only root may
 * enter, they are copied to where the unprivileged user can read them.
 */
async function findReadableBinDir(tempDir: TempDir): Promise<string> {
  const binDir = dirname(findServer("initdb"));
  if (!isRoot() || (await isOpenToAll(binDir))) return binDir;
  const tools = fileURLToPath(new URL("../../.tools", import.meta.url));
  for (const folder of ["bin", "debian"])
    await cp(join(tools, folder), join(tempDir.path, "tools", folder), { recursive: true });
  return join(tempDir.path, "tools", "bin");
}

async function isOpenToAll(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  return folder === dirname(folder) || isOpenToAll(dirname(folder));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function asUnprivileged(commandLine: readonly string[]): Pick<Part, "command" | "args"> {
  const id = String(UNPRIVILEGED_ID);
  const [command = "", ...args] = isRoot()
    ? ["setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups", ...commandLine]
    : commandLine;
  return { command, args };
}
