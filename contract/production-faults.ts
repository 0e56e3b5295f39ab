import { isDevelopmentSecret } from "./development-secrets.ts";

/** `development` takes what docker-compose.yml and `npm start` use. `production` takes no secret that everybody knows. */
export const ENVIRONMENTS = ["development", "production"] as const;

export type SettingFault = { readonly name: string; readonly message: string };

/** 128 bits, written in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
/** Tokens that we compare ourselves; those of Upstash and others are of their making. */
const OWN_TOKENS: readonly string[] = ["WORKER_TOKEN", "METRICS_TOKEN"];

/** What is wrong with settings, of the edge or of the worker, in production alone. Names, never values. */
export function findProductionFaults(settings: Readonly<Record<string, unknown>>): SettingFault[] {
  const faults: SettingFault[] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== "string") continue;
    if (isDevelopmentSecret(name, value)) {
      faults.push({ name, message: "is a development secret, which everybody knows" });
    } else if (OWN_TOKENS.includes(name) && value.length < MIN_TOKEN_LENGTH) {
      faults.push({ name, message: `is shorter than ${MIN_TOKEN_LENGTH} characters` });
    }
  }
  // Whoever reaches a server that asks for none reads every project's events.
  if (!settings.NATS_PASSWORD && !settings.NATS_CREDS) {
    faults.push({ name: "NATS_PASSWORD", message: "is not set" });
  }
  return faults;
}
