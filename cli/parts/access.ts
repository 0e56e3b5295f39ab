import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SettingFault } from "../../contract/production-faults.ts";
import { readSecretFiles } from "../../contract/secret-files.ts";
import { UsageError } from "../cli-error.ts";
import { type NatsTarget, resolveNatsTarget } from "../nats/target.ts";
import { parseUrl } from "../target.ts";
import { type LocalFiles, readLocalFiles } from "./local-files.ts";

/** The parts of one deployment that a command may look at, and with what. What is undefined is not given. */
export type Access = {
  /** `local`: the stack of a data directory. `named`: by these variables of the environment. */
  readonly deployment:
    | { readonly kind: "local"; readonly dataDir: string; readonly pids: Pids }
    | { readonly kind: "named"; readonly by: readonly string[] };
  readonly edge: { readonly url: URL; readonly metricsToken: string | undefined } | undefined;
  readonly keys: readonly GivenKey[];
  readonly worker: { readonly url: URL; readonly token: string | undefined } | undefined;
  readonly nats: NatsTarget | undefined;
  /** Redis as the edge speaks to it. */
  readonly redisHttp: { readonly url: URL; readonly token: string | undefined } | undefined;
  /** Redis itself. */
  readonly redis: URL | undefined;
  /** PostgreSQL (postgres:) or ClickHouse (http:). */
  readonly database: URL | undefined;
  /** The database as the edge speaks to it. */
  readonly databaseHttp: URL | undefined;
  /** The one in use and the one before. */
  readonly keySecrets: readonly string[];
  /** As they were given. */
  readonly settings: Settings;
  readonly faults: readonly SettingFault[];
};

export type GivenKey = { readonly name: string; readonly text: string };
export type Pids = Readonly<Record<string, number>>;
export type Settings = Readonly<Record<string, string | undefined>>;

/** Any of these names a deployment. */
const NAMING = [
  "SLUICE_URL",
  "WORKER_URL",
  "NATS_URL",
  "UPSTASH_REDIS_REST_URL",
  "DATABASE_URL",
  "DATABASE_URL_FILE",
  "KEY_SECRET",
  "KEY_SECRET_FILE",
];

const SECRETS = [
  "DATABASE_URL",
  "KEY_SECRET",
  "KEY_SECRET_PREVIOUS",
  "METRICS_TOKEN",
  "NATS_CREDS",
  "NATS_PASSWORD",
  "SLUICE_KEY",
  "UPSTASH_REDIS_REST_TOKEN",
  "WORKER_TOKEN",
];

/**
 * The deployment that the environment names, else the local stack. The two are never mixed: findings about one must not be taken for the
 * other's.
 * @throws {UsageError} when there is neither, or an address cannot be read.
 */
export function findAccess(env: Settings, readLocal = readLocalFiles): Access {
  const by = NAMING.filter((name) => env[name]);
  if (by.length > 0) return fromEnvironment(env, by);
  const dataDir = env.DATA_DIR || ".data";
  const local = readLocal(dataDir);
  if (local !== undefined) return fromLocalStack(dataDir, local, env);
  throw new UsageError(
    `Nothing to look at: set SLUICE_URL, WORKER_URL, NATS_URL and what else --help names, or start the local stack with npm start (there is no ${join(dataDir, "local.json")})`,
  );
}

function fromEnvironment(env: Settings, by: readonly string[]): Access {
  const { settings, faults } = readSecretFiles(env, SECRETS, (path) => readFileSync(path, "utf8"));
  const given = (name: string) => settings[name] || undefined;
  const urlOf = (name: string) => {
    const text = given(name);
    return text === undefined ? undefined : parseUrl(text);
  };
  const edge = urlOf("SLUICE_URL");
  const worker = urlOf("WORKER_URL");
  const redis = urlOf("UPSTASH_REDIS_REST_URL");
  const key = given("SLUICE_KEY");
  const database = parseDatabaseUrl(given("DATABASE_URL")) ?? urlOf("CLICKHOUSE_URL");
  return {
    deployment: { kind: "named", by },
    edge: edge && { url: edge, metricsToken: given("METRICS_TOKEN") },
    keys: key === undefined ? [] : [{ name: "SLUICE_KEY", text: key }],
    worker: worker && { url: worker, token: given("WORKER_TOKEN") },
    nats:
      given("NATS_URL") === undefined
        ? undefined
        : resolveNatsTarget({}, settings, () => undefined),
    redisHttp: redis && { url: redis, token: given("UPSTASH_REDIS_REST_TOKEN") },
    redis: undefined,
    database,
    databaseHttp: urlOf("NEON_FETCH_ENDPOINT") ?? neonEndpointOf(database),
    keySecrets: [given("KEY_SECRET"), given("KEY_SECRET_PREVIOUS")].filter(isText),
    settings,
    faults,
  };
}

function fromLocalStack(
  dataDir: string,
  { stack, secrets, ports }: LocalFiles,
  env: Settings,
): Access {
  const { keySecret, keySecretPrevious, metricsToken, upstashToken, workerToken } = secrets;
  const keys = [
    { name: "write key", text: stack.write_key },
    { name: "read key", text: stack.read_key },
    { name: "admin key", text: stack.admin_key },
  ];
  const database = parseDatabaseUrl(stack.database_url);
  const isPostgres = database?.protocol.startsWith("postgres") === true;
  const { edge_url, worker_url, nats_url, upstash_url, redis_url, parts = {} } = stack;
  return {
    deployment: {
      kind: "local",
      dataDir,
      pids: Object.fromEntries(Object.entries(parts).map(([name, { pid }]) => [name, pid])),
    },
    edge:
      edge_url === undefined
        ? undefined
        : { url: parseUrl(edge_url), metricsToken: textOf(metricsToken) },
    keys: keys.filter((key): key is GivenKey => key.text !== undefined),
    worker:
      worker_url === undefined
        ? undefined
        : { url: parseUrl(worker_url), token: textOf(workerToken) },
    nats: nats_url === undefined ? undefined : resolveNatsTarget({ natsUrl: nats_url }, {}),
    redisHttp:
      upstash_url === undefined
        ? undefined
        : { url: parseUrl(upstash_url), token: textOf(upstashToken) },
    redis: redis_url === undefined ? undefined : new URL(redis_url),
    database,
    databaseHttp:
      isPostgres && typeof ports.neonHttp === "number"
        ? new URL(`http://127.0.0.1:${ports.neonHttp}/sql`)
        : undefined,
    keySecrets: [keySecret, keySecretPrevious].filter(isText),
    // Those of ClickHouse alone, which npm start takes from its environment as well.
    settings: {
      ENVIRONMENT: "development",
      CLICKHOUSE_USER: env.CLICKHOUSE_USER,
      CLICKHOUSE_PASSWORD: env.CLICKHOUSE_PASSWORD,
    },
    faults: [],
  };
}

function parseDatabaseUrl(text: string | undefined): URL | undefined {
  if (!text) return undefined;
  if (URL.canParse(text) && /^(postgres(ql)?|https?):$/.test(new URL(text).protocol)) {
    return new URL(text);
  }
  throw new UsageError("Cannot read DATABASE_URL: it does not begin with postgres://");
}

/** Where Neon's own driver sends its requests to; undefined for a database of somebody else. */
function neonEndpointOf(database: URL | undefined): URL | undefined {
  if (database?.hostname.endsWith(".neon.tech") !== true) return undefined;
  return new URL(`https://${database.hostname.replace(/^[^.]+\./, "api.")}/sql`);
}

function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
