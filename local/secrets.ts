import { randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Secrets {
  readonly keySecret: string;
  /** While keys are being exchanged: those that this one signed stay valid. */
  readonly keySecretPrevious?: string;
  readonly redisPassword: string;
  readonly upstashToken: string;
  readonly natsEdgePassword: string;
  readonly natsWorkerPassword: string;
  readonly natsOperatorPassword: string;
  readonly natsClusterPassword: string;
  readonly workerToken: string;
  readonly metricsToken: string;
}

/** The secrets of a data directory, made on first use: keys stay valid over restarts. An older version's lack some, which are added. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, "secrets.json");
  const stored = await readSecrets(path);
  const made = { ...makeSecrets(), ...stored };
  if (stored && Object.keys(stored).length === Object.keys(made).length) return made;
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 });
  try {
    if (stored) await rename(temporary, path);
    // A link fails where the file exists: of two that make secrets at once, both use the first ones.
    else await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  const secrets = await readSecrets(path);
  if (!secrets) throw new Error(`Cannot read secrets: ${path} is gone`);
  return { ...made, ...secrets };
}

/** In place of those that are there. */
export async function storeSecrets(dataDir: string, secrets: Secrets): Promise<void> {
  const path = join(dataDir, "secrets.json");
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

export function makeSecret(): string {
  return randomBytes(24).toString("hex");
}

function makeSecrets(): Secrets {
  const secret = makeSecret;
  return {
    keySecret: secret(),
    redisPassword: secret(),
    upstashToken: secret(),
    natsEdgePassword: secret(),
    natsWorkerPassword: secret(),
    natsOperatorPassword: secret(),
    natsClusterPassword: secret(),
    workerToken: secret(),
    metricsToken: secret(),
  };
}

async function readSecrets(path: string): Promise<Partial<Secrets> | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Partial<Secrets>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`Cannot read secrets: ${path} is not readable JSON`, { cause: error });
  }
}
