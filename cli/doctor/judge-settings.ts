import { findProductionFaults, type SettingFault } from "../../contract/production-faults.ts";
import type { Access } from "../parts/access.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warn, fail } = findingsOf("settings");

const MIN_KEY_SECRET = 32;

/** Secrets too short, known to everybody, or that cannot be read; and addresses that carry them for all to see. */
export function judgeSettings(access: Access): Finding[] {
  const { deployment, faults, settings } = access;
  if (deployment.kind === "local") {
    return [ok("secrets", "made by npm start, for this machine alone")];
  }
  const all = [
    ...faults,
    ...findShort(settings),
    ...(isProduction(access) ? findInProduction(settings) : []),
  ];
  const findings = all.map(({ name, message }) => fail(name, message, fixOf(name)));
  const plain = isProduction(access) ? findPlain(access) : [];
  findings.push(
    ...plain.map((name) =>
      warn(name, "is not encrypted: secrets can be read on their way", "use https or tls"),
    ),
  );
  if (findings.length > 0) return findings;
  return [ok("secrets", "nothing against those that were given")];
}

/** Said, or to be taken for it: an edge that the world reaches had better have secrets. */
function isProduction({ settings, edge }: Access): boolean {
  if (settings.ENVIRONMENT) return settings.ENVIRONMENT === "production";
  return edge !== undefined && !isPrivate(edge.url.hostname);
}

function findShort(settings: Access["settings"]): SettingFault[] {
  return ["KEY_SECRET", "KEY_SECRET_PREVIOUS"].flatMap((name) => {
    const length = settings[name]?.length ?? 0;
    if (length === 0 || length >= MIN_KEY_SECRET) return [];
    return [{ name, message: `has ${length} characters, fewer than ${MIN_KEY_SECRET}` }];
  });
}

/** What the command line is not given it cannot miss. */
function findInProduction(settings: Access["settings"]): SettingFault[] {
  const hasNats =
    Boolean(settings.NATS_URL) && !/:\/\/[^/@]*:[^/@]*@/.test(settings.NATS_URL ?? "");
  return findProductionFaults(onlySluices(settings)).filter(
    ({ name, message }) => name !== "NATS_PASSWORD" || message !== "is not set" || hasNats,
  );
}

/** The environment holds other programs' secrets, too. */
function onlySluices(settings: Access["settings"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) =>
      /^(DATABASE_URL|KEY_SECRET|METRICS_TOKEN|NATS_|UPSTASH_|WORKER_TOKEN|CLICKHOUSE_)/.test(name),
    ),
  );
}

function findPlain({ edge, worker, nats, redisHttp }: Access): string[] {
  const urls = [
    ["SLUICE_URL", edge?.url],
    ["WORKER_URL", worker?.url],
    ["UPSTASH_REDIS_REST_URL", redisHttp?.url],
  ] as const;
  const plain: string[] = urls.flatMap(([name, url]) =>
    url !== undefined && url.protocol === "http:" && !isPrivate(url.hostname) ? [name] : [],
  );
  const isPlainNats = nats !== undefined && !nats.isTls;
  const hosts = nats?.servers.map((server) => server.replace(/:\d+$/, "")) ?? [];
  return isPlainNats && !hosts.every(isPrivate) ? [...plain, "NATS_URL"] : plain;
}

/** Names without a dot and private addresses (RFC 1918) lead nowhere outside of one's own network. */
function isPrivate(host: string): boolean {
  return /^([a-z0-9_-]+|\[::1\]|(127|10)\.[\d.]+|192\.168\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+)$/.test(
    host,
  );
}

function fixOf(name: string): string {
  if (name.endsWith("_FILE")) return "give it a file that is there and holds the secret";
  return "make another, such as openssl rand -hex 24, and set it everywhere it is used";
}
