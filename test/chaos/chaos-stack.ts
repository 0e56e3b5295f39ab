import { join } from "node:path";
import { createKey } from "../../contract/key.ts";
import { findFreePort } from "../../local/free-port.ts";
import { choosePorts } from "../../local/ports.ts";
import { loadSecrets } from "../../local/secrets.ts";
import { createStack, type Links, linksOf } from "../../local/stack.ts";
import { createSupervisor } from "../../local/supervisor.ts";
import { createWatchdog } from "../../local/watchdog.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export const PROJECT = "chaos";

/** The real stack, supervised, with a proxy on every connection between two parts and on the clients' own. */
export interface ChaosStack {
  /** Where clients post, through their proxy. */
  readonly edgeUrl: string;
  readonly writeKey: string;
  /** Straight to the parts, for whoever looks on. */
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly parts: readonly string[];
  readonly links: ReadonlyMap<string, TcpProxy>;
  /** Undefined while the part is not running. */
  pidOf(part: string): number | undefined;
  stop(): Promise<void>;
}

export type ChaosStackOptions = {
  readonly say: (line: string) => void;
};

/** Faults come in bursts: what a dead worker held shall come back soon. */
const SETTINGS = { ACK_WAIT_MS: "5000", RATE_LIMIT_EVENTS_PER_SECOND: "1000000" };

export async function startChaosStack({ say }: ChaosStackOptions): Promise<ChaosStack> {
  const tempDir = await makeTempDir("chaos");
  const dataDir = tempDir.path;
  const ports = await choosePorts(dataDir, { PORT: String(await findFreePort()) });
  const secrets = await loadSecrets(dataDir);
  const links = new Map<string, TcpProxy>();
  for (const [name, port] of Object.entries({ "client-edge": ports.edge, ...linksOf(ports) })) {
    links.set(name, await startTcpProxy(port));
  }
  const detours = Object.fromEntries(
    [...links].map(([name, proxy]) => [name, proxy.port]),
  ) as unknown as Links;
  const { parts, urls } = await createStack({ dataDir, ports, secrets, detours });
  const watchdog = createWatchdog();
  const supervisor = createSupervisor({
    parts: parts.map((part) => ({ ...part, env: { ...part.env, ...SETTINGS } })),
    logDir: join(dataDir, "logs"),
    watchdog,
    say,
  });
  const stop = async () => {
    await supervisor.stop();
    watchdog.close();
    for (const proxy of links.values()) await proxy.close();
    await tempDir.remove();
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    edgeUrl: `http://127.0.0.1:${links.get("client-edge")?.port}`,
    writeKey: createKey({ scope: "w", projectId: PROJECT, kid: "k1" }, secrets.keySecret),
    databaseUrl: urls.database_url,
    natsUrl: urls.nats_url,
    parts: parts.map(({ name }) => name),
    links,
    pidOf: (part) => supervisor.running().get(part)?.pid,
    stop,
  };
}
