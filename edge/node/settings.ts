import { readFileSync } from "node:fs";
import { z } from "zod";
import { readSecretFiles } from "../../contract/secret-files.ts";
import { type Config, ConfigError, EDGE_VARS, parseConfig } from "../env.ts";

const NATS_SCHEMES = [
  ["ws://", "wss://"],
  ["nats://", "tls://"],
] as const;

/** What the edge needs to know besides where it is no Worker; edge/node/setting-notes.ts describes each. */
export const NODE_VARS = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, "is no name such as eu-1")
    .default("local"),
  OUTBOX_DIR: z.string({ error: "is needed: a folder that outlives the process" }),
});

export type NodeSettings = z.infer<typeof NODE_VARS> & {
  readonly config: Config;
  readonly nats: "tcp" | "websocket";
};

/**
 * Reads the settings of the edge and the files that hold secrets: any of them may be the content of the file that `NAME_FILE` names.
 * @throws {ConfigError} that names every setting that is missing or wrong
 */
export function parseNodeSettings(
  environment: Readonly<Record<string, string | undefined>>,
): NodeSettings {
  const { settings, faults } = readSecretFiles(environment, Object.keys(EDGE_VARS.shape), (path) =>
    readFileSync(path, "utf8"),
  );
  // An empty variable is what `KEY= node …` and compose files leave behind: it means not set.
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ""));
  const vars: Record<string, string | undefined> = { PUBLISHER_SHARDS: "1", ...given };
  const problems = faults.map(({ name, message }) => `${name}: ${message}`);
  const own = NODE_VARS.safeParse(vars);
  problems.push(...(own.error?.issues ?? []).map(({ path, message }) => `${path}: ${message}`));
  const nats = transportOf(vars.NATS_URL);
  if (nats === undefined) {
    problems.push("NATS_URL: must be nats:// or tls://, or ws:// or wss://, for all servers alike");
  }
  const config = parseCommon(vars, problems);
  if (!own.success || nats === undefined || config === undefined || problems.length > 0) {
    throw new ConfigError(problems);
  }
  return { ...own.data, config, nats };
}

function parseCommon(
  vars: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Config | undefined {
  try {
    return parseConfig(vars);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** What is missing is not wrong here. */
function transportOf(servers = "nats://"): NodeSettings["nats"] | undefined {
  const urls = servers.split(",").map((server) => server.trim());
  const [isWebsocket, isTcp] = NATS_SCHEMES.map((schemes) =>
    urls.every((url) => schemes.some((scheme) => url.startsWith(scheme))),
  );
  if (isTcp) return "tcp";
  return isWebsocket ? "websocket" : undefined;
}
