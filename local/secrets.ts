import { randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Secrets {
  readonly keySecret: string;
  readonly upstashToken: string;
  readonly natsEdgePassword: string;
  readonly natsWorkerPassword: string;
  readonly workerToken: string;
}

/** The secrets of a data directory, made on first use: keys stay valid over restarts. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, "secrets.json");
  const stored = await readSecrets(path);
  if (stored) return stored;
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(makeSecrets(), undefined, 2)}\n`, { mode: 0o600 });
  try {
    // A link fails where the file exists: of two that make secrets at once, both use the first ones.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  const secrets = await readSecrets(path);
  if (!secrets) throw new Error(`Cannot read secrets: ${path} is gone`);
  return secrets;
}

function makeSecrets(): Secrets {
  const secret = (): string => randomBytes(24).toString("hex");
  return {
    keySecret: secret(),
    upstashToken: secret(),
    natsEdgePassword: secret(),
    natsWorkerPassword: secret(),
    workerToken: secret(),
  };
}

async function readSecrets(path: string): Promise<Secrets | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`Cannot read secrets: ${path} is not readable JSON`, { cause: error });
  }
}
