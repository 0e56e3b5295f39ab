/**
 * Runs the Worker under Miniflare: `node local/edge-runtime.ts --port N --data-dir FOLDER`.
 * Its bindings come from the environment.
 */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4WorkerOptions,
} from "miniflare";
import { readSecretFiles } from "../contract/secret-files.ts";
import { EDGE_VARS } from "../edge/env.ts";
import { bundleEdge, type EdgeBundle, type EdgeSettings } from "./edge-bundle.ts";

/** The kinds of modules that wrangler writes beside index.js, by its default rules. */
const MODULE_TYPES = {
  ".js": "ESModule",
  ".mjs": "ESModule",
  ".txt": "Text",
  ".html": "Text",
  ".sql": "Text",
  ".bin": "Data",
  ".wasm": "CompiledWasm",
} as const;

export interface EdgeRuntimeOptions {
  readonly root: string;
  readonly cacheDir: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The caller disposes of what it gets. Requests reach the Worker without a detour through Miniflare's own, which obeys headers of
 * Miniflare's, turns some answers into others and tells stack traces; that one has a port which nobody needs.
 */
export async function startEdgeRuntime(options: EdgeRuntimeOptions): Promise<Miniflare> {
  const bundle = await bundleEdge(options.root, options.cacheDir);
  const { settings } = bundle;
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      workers: [
        {
          ...settings,
          ratelimits: gatesFrom(
            (settings.ratelimits ?? {}) as Record<string, Gate>,
            options.env.LOCAL_GATES,
          ),
          unsafeDirectSockets: [{ host: options.host, port: options.port }],
          modulesRoot: bundle.folder,
          modules: await readModules(bundle),
          bindings: bindingsFrom(settings.bindings ?? {}, options.env),
        },
      ],
      host: "127.0.0.1",
      port: 0,
      resourcePersistencePath: join(options.dataDir, "edge"),
      // A fixed `request.cf`: anything but false asks Cloudflare for one.
      cf: false,
      logRequests: false,
      log: new Log(LogLevel.WARN),
    }),
    enableDevRegistry: false,
  });
  await miniflare.ready;
  return miniflare;
}

/**
 * The environment goes before the `[vars]` of wrangler.toml, and may name a file that holds the value. What runs here is for development
 * unless it says otherwise, whatever is deployed.
 * @throws when a file cannot be read
 */
export function bindingsFrom(
  vars: NonNullable<EdgeSettings["bindings"]>,
  env: NodeJS.ProcessEnv,
): NonNullable<EdgeSettings["bindings"]> {
  const names = [...Object.keys(EDGE_VARS.shape), ...Object.keys(vars)];
  const { settings, faults } = readSecretFiles(env, names, (path) => readFileSync(path, "utf8"));
  if (faults.length > 0) {
    const problems = faults.map(({ name, message }) => `${name} ${message}`);
    throw new Error(`Cannot read environment: ${problems.join("; ")}`);
  }
  const given = names.flatMap((name) => (settings[name] ? [[name, settings[name]]] : []));
  return { ...vars, ENVIRONMENT: "development", ...Object.fromEntries(given) };
}

/**
 * Miniflare's stand-in for a rate limit writes each request into a table on disk, which takes milliseconds and one request at a time;
 * Cloudflare's costs nothing. So there is none here unless `LOCAL_GATES` names it with its own limit: `{"PROJECT_GATE":100}`.
 */
export function gatesFrom(
  gates: Readonly<Record<string, Gate>>,
  text: string | undefined,
): Record<string, Gate> {
  const limits: Record<string, number> = text === undefined ? {} : JSON.parse(text);
  const kept = Object.entries(limits).map(([name, limit]) => {
    const gate = gates[name];
    if (gate === undefined) throw new Error(`Cannot set LOCAL_GATES: no gate ${name}`);
    return [name, { ...gate, simple: { ...gate.simple, limit } }];
  });
  return Object.fromEntries(kept);
}

type Gate = NonNullable<V4WorkerOptions["ratelimits"]>[string];

async function readModules({ folder }: EdgeBundle) {
  const names = (await readdir(folder)).filter((name) => extname(name) in MODULE_TYPES);
  // The first module is the one that runs.
  names.sort((a, b) => Number(b === "index.js") - Number(a === "index.js"));
  return Promise.all(
    names.map(async (name) => ({
      type: MODULE_TYPES[extname(name) as keyof typeof MODULE_TYPES],
      path: join(folder, name),
      contents: new Uint8Array(await readFile(join(folder, name))),
    })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string" },
      root: { type: "string", default: root },
    },
  });
  const dataDir = values["data-dir"];
  if (!dataDir || !values.port) throw new Error("Cannot start: --data-dir and --port are needed");
  const miniflare = await startEdgeRuntime({
    root: values.root,
    cacheDir: join(values.root, ".wrangler", "local-bundles"),
    dataDir,
    host: values.host,
    port: Number(values.port),
    env: process.env,
  });
  process.stdout.write(`edge on ${await miniflare.unsafeGetDirectURL()}\n`);
  // Miniflare's own listener exits at once, before workerd has ended.
  process.removeAllListeners("SIGTERM");
  process.once("SIGTERM", () => void miniflare.dispose().then(() => process.exit(0)));
}
