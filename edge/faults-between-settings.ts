import { findLoginFaults } from "../contract/nats-creds.ts";
import { findProductionFaults, type SettingFault } from "../contract/production-faults.ts";
import type { Vars } from "./env.ts";

/** What is wrong with settings that are right each for itself. */
export function findFaultsBetweenSettings(vars: Vars): SettingFault[] {
  const faults = [...findMissing(vars), ...findLoginFaults(vars)];
  if (vars.ENVIRONMENT === "production") {
    faults.push(...findProductionFaults(vars), ...findPlainUrls(vars));
  }
  return faults;
}

function findMissing({ DATABASE_URL, WORKER_URL, WORKER_TOKEN }: Vars): SettingFault[] {
  if (WORKER_URL !== undefined && WORKER_TOKEN === undefined) {
    return [{ name: "WORKER_TOKEN", message: "is needed with WORKER_URL" }];
  }
  if (DATABASE_URL !== undefined || WORKER_URL !== undefined) return [];
  const message = "is needed, or WORKER_URL and WORKER_TOKEN: nothing can be read";
  return [{ name: "DATABASE_URL", message }];
}

const URLS = [
  "NATS_URL",
  "NEON_FETCH_ENDPOINT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "UPSTASH_REDIS_REST_URL",
  "WORKER_URL",
];

/** Passwords and events go to these addresses. */
function findPlainUrls(vars: Vars): SettingFault[] {
  return URLS.filter((name) =>
    String(vars[name] ?? "")
      .split(",")
      .some(isPlainAndPublic),
  ).map((name) => ({ name, message: "is not encrypted: use https, wss or tls" }));
}

/** Names without a dot and private addresses (RFC 1918) lead nowhere outside of one's own network. */
const PRIVATE_HOST =
  /^([a-z0-9_-]+|\[::1\]|(127|10)\.[\d.]+|192\.168\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+)$/;

function isPlainAndPublic(text: string): boolean {
  if (!URL.canParse(text.trim())) return false;
  const { protocol, hostname } = new URL(text.trim());
  return !["https:", "wss:", "tls:"].includes(protocol) && !PRIVATE_HOST.test(hostname);
}
