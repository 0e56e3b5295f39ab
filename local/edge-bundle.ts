/**
 * The Worker as wrangler would deploy it: its modules, and its settings from wrangler.toml as
 * Miniflare takes them. Bundling takes seconds, so bundles are kept by a hash of what goes in.
 *
 * As a process: `node local/edge-bundle.ts --root FOLDER --out FOLDER` makes one bundle. It is one
 * because wrangler is large, and what runs the Worker need not hold it in memory.
 */
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Unstable_MiniflareWorkerOptions } from "wrangler";

export type EdgeSettings = Unstable_MiniflareWorkerOptions["workerOptions"] & { name: string };

export interface EdgeBundle {
  /** Holds index.js and the modules it imports. */
  readonly folder: string;
  readonly settings: EdgeSettings;
}

const INPUTS = ["wrangler.toml", "package-lock.json", "edge", "contract", "sql"];
const KEPT_BUNDLES = 4;

/** The bundle of the checkout at `root`, made now or found in `cacheDir`. */
export async function bundleEdge(root: string, cacheDir: string): Promise<EdgeBundle> {
  const folder = join(cacheDir, await hashInputs(root));
  const cached = await readBundle(folder);
  if (cached) return cached;
  const temporary = `${folder}.${randomUUID()}`;
  await run(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    fileURLToPath(import.meta.url),
    ...["--root", root, "--out", temporary],
  ]);
  // Another process may have made the same bundle meanwhile; either is as good.
  await rename(temporary, folder).catch(() => rm(temporary, { recursive: true, force: true }));
  await removeOldBundles(cacheDir);
  const bundle = await readBundle(folder);
  if (!bundle) throw new Error(`Cannot bundle the edge: ${folder} is not complete`);
  return bundle;
}

async function readBundle(folder: string): Promise<EdgeBundle | undefined> {
  try {
    const settings = JSON.parse(await readFile(join(folder, "settings.json"), "utf8"));
    return { folder, settings: settings as EdgeSettings };
  } catch {
    return undefined;
  }
}

async function hashInputs(root: string): Promise<string> {
  const hash = createHash("sha256");
  for (const input of INPUTS) {
    for (const path of (await listFiles(join(root, input))).sort()) {
      hash.update(`${relative(root, path)}\0`);
      hash.update(await readFile(path));
    }
  }
  // Settings hold absolute paths.
  return hash.update(root).digest("hex").slice(0, 32);
}

async function listFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return [];
  if (info.isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function removeOldBundles(cacheDir: string): Promise<void> {
  const folders = await Promise.all(
    (await readdir(cacheDir)).map(async (name) => {
      const path = join(cacheDir, name);
      return { path, mtimeMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  const old = folders.sort((a, b) => b.mtimeMs - a.mtimeMs).slice(KEPT_BUNDLES);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}

async function run(command: string, args: readonly string[], env = {}): Promise<void> {
  const child = spawn(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => resolve(signal ?? exitCode));
  });
  if (code !== 0) throw new Error(`Cannot bundle the edge: ${args.join(" ")} ended with ${code}`);
}

async function makeBundle(root: string, out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const configPath = join(root, "wrangler.toml");
  const wrangler = fileURLToPath(import.meta.resolve("wrangler/package.json"));
  const offline = {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: join(out, "wrangler.log"),
  };
  const bundling = run(
    process.execPath,
    [
      join(wrangler, "../bin/wrangler.js"),
      "deploy",
      "--dry-run",
      // Neither staging nor production: what stands above all environments.
      "--env=",
      ...["--config", configPath, "--outdir", out],
    ],
    offline,
  );
  const [settings] = await Promise.all([readSettings(configPath), bundling]);
  await writeFile(join(out, "settings.json"), JSON.stringify(settings));
}

async function readSettings(configPath: string): Promise<EdgeSettings> {
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: configPath });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  return { ...workerOptions, name: config.name ?? "sluice-edge" };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { root: { type: "string" }, out: { type: "string" } } });
  if (!values.root || !values.out) throw new Error("Cannot bundle: --root and --out are needed");
  await makeBundle(values.root, values.out);
}
