/** `npm start`: runs the whole of Sluice on this machine until it is told to stop. */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createKey, type KeyScope } from "../contract/key.ts";
import { redact } from "../contract/redact.ts";
import { EDGE_RUNTIMES } from "./edge-part.ts";
import { keepStore } from "./kept-store.ts";
import { choosePorts } from "./ports.ts";
import { runStack } from "./run-stack.ts";
import { loadSecrets } from "./secrets.ts";
import { createStack, type StackUrls } from "./stack.ts";
import { STORE_NAMES } from "./store-parts.ts";

const HELP = `npm start [-- options]

Runs Sluice on this machine: Redis, NATS, a place for events, the worker and the edge.

  --store NAME   where events are kept: timescale (the default), embedded;
                 duckdb, one file and no database server;
                 clickhouse, a server whose address is in CLICKHOUSE_URL
  --edge NAME    what the edge runs on: workerd (the default), as on Cloudflare;
                 node, as where there is no Cloudflare
  --help         this text

Environment:
  DATA_DIR       where everything is kept (default .data)
  PORT           port of the edge (default 8787)
  COLD_URL       where events older than HOT_DAYS (30) go as Parquet files, such as
                 file:///var/lib/sluice/cold; by default nowhere. Of timescale only
  WORKER_PORT, DATABASE_PORT, REDIS_PORT, NATS_PORT, NATS_WEBSOCKET_PORT, UPSTASH_PORT, NEON_PORT
                 ports of the other parts (default: free ones, kept over restarts)
`;

const PROJECT = "demo";
process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${redact(error instanceof Error ? error.message : String(error))}\n`);
  return 1;
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      store: { type: "string", default: "timescale" },
      edge: { type: "string", default: "workerd" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const store = STORE_NAMES.find((name) => name === values.store);
  if (store === undefined) {
    const known = STORE_NAMES.join(", ");
    process.stderr.write(`Cannot start: there is no store "${values.store}", only ${known}\n`);
    return 2;
  }
  const edge = EDGE_RUNTIMES.find((name) => name === values.edge);
  if (edge === undefined) {
    const known = EDGE_RUNTIMES.join(", ");
    process.stderr.write(`Cannot start: there is no edge "${values.edge}", only ${known}\n`);
    return 2;
  }

  const dataDir = resolve(process.env.DATA_DIR || ".data");
  // What is in it is nobody else's business: events, secrets, logs.
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  let greeting = "";
  await runStack({
    dataDir,
    say,
    prepare: async () => {
      const ports = await choosePorts(dataDir, process.env);
      const secrets = await loadSecrets(dataDir);
      await keepStore(dataDir, store);
      const { parts, urls } = await createStack({ dataDir, ports, secrets, store, edge });
      const keys = makeKeys(secrets.keySecret);
      greeting = greet(urls, keys);
      return { parts, description: { ...urls, ...keys } };
    },
    onReady: () => process.stdout.write(greeting),
  });
  return 0;
}

type Keys = Readonly<Record<"write_key" | "read_key" | "admin_key", string>>;

/** A kid for each, so that one can be revoked without the others. */
function makeKeys(keySecret: string): Keys {
  const keyOf = (scope: KeyScope): string =>
    createKey({ scope, projectId: PROJECT, kid: `local${scope}` }, keySecret);
  return { write_key: keyOf("w"), read_key: keyOf("r"), admin_key: keyOf("a") };
}

function greet(urls: StackUrls, keys: Keys): string {
  const event = `{"event_type":"signed_up","user_id":"u1","properties":{"plan":"pro"}}`;
  const day = new Date().toISOString().slice(0, 10);
  const nextDay = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  return `
Sluice is ready.

  edge         ${urls.edge_url}
  worker       ${urls.worker_url}
  write key    ${keys.write_key}
  read key     ${keys.read_key}
  admin key    ${keys.admin_key}

Post an event:
  curl -H 'Authorization: Bearer ${keys.write_key}' -H 'Content-Type: application/json' -d '${event}' ${urls.edge_url}/v1/events

Read statistics:
  curl -H 'Authorization: Bearer ${keys.read_key}' '${urls.edge_url}/v1/stats/top-events?from=${day}&to=${nextDay}'

Ctrl-C stops everything.
`;
}

function say(line: string): void {
  process.stderr.write(`sluice: ${line}\n`);
}
