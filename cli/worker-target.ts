import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./cli-error.ts";
import { type LocalStack, parseUrl, readLocalStack } from "./target.ts";

/** Which worker a command talks to. */
export type WorkerTarget = { readonly url: URL; readonly token: string };

export type WorkerTargetOptions = {
  readonly workerUrl?: string | undefined;
  readonly workerToken?: string | undefined;
};

/** What the files of a data directory tell of the stack on this machine. */
export type LocalFiles = {
  readonly stack: LocalStack | undefined;
  readonly workerToken: string | undefined;
};

/**
 * The worker and its token from the command line, else the environment, else the local stack, whose token goes to its own worker only.
 * @throws {UsageError} when either is missing.
 */
export function resolveWorkerTarget(
  options: WorkerTargetOptions,
  env: Readonly<Record<string, string | undefined>>,
  readLocal: (dataDir: string) => LocalFiles = readLocalFiles,
): WorkerTarget {
  const dataDir = env.DATA_DIR || ".data";
  const local = readLocal(dataDir);
  const urlText = options.workerUrl || env.WORKER_URL || local.stack?.worker_url;
  if (urlText === undefined) {
    throw new UsageError(
      `No worker given: pass --worker-url, set WORKER_URL, or start the local stack with npm start (there is no ${join(dataDir, "local.json")})`,
    );
  }
  const url = parseUrl(urlText);
  const isLocal = urlText === local.stack?.worker_url;
  const token =
    options.workerToken || env.WORKER_TOKEN || (isLocal ? local.workerToken : undefined);
  if (token !== undefined) return { url, token };
  throw new UsageError(
    `No token given for the worker at ${url.origin}: pass --worker-token or set WORKER_TOKEN to the worker's own`,
  );
}

function readLocalFiles(dataDir: string): LocalFiles {
  const path = join(dataDir, "secrets.json");
  return { stack: readLocalStack(join(dataDir, "local.json")), workerToken: readToken(path) };
}

function readToken(path: string): string | undefined {
  try {
    const { workerToken } = Object(JSON.parse(readFileSync(path, "utf8")));
    return typeof workerToken === "string" ? workerToken : undefined;
  } catch {
    return undefined;
  }
}
