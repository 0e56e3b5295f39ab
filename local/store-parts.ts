import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Detour } from "./detour.ts";
import { nodeScript } from "./node-script.ts";
import type { Part } from "./part.ts";
import type { Ports } from "./ports.ts";
import { answersHttp, answersSql } from "./probes.ts";

export const STORE_NAMES = ["timescale", "duckdb", "clickhouse"] as const;
export type StoreName = (typeof STORE_NAMES)[number];

/** What the stack has and says on account of where it keeps events. */
export type StoreParts = {
  /** In the order of dependency; the worker needs the first of them. */
  readonly parts: readonly Part[];
  readonly workerEnv: Readonly<Record<string, string>>;
  readonly edgeEnv: Readonly<Record<string, string>>;
  /** Where one may look into it with a client of one's own. */
  readonly databaseUrl: string | undefined;
};

export type StoreOptions = {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly detour: Detour;
  readonly env: NodeJS.ProcessEnv;
};

/** @throws when the environment lacks what the store needs */
export function prepareStore(name: StoreName, options: StoreOptions): Promise<StoreParts> {
  return PREPARE[name](options);
}

const PREPARE: Readonly<Record<StoreName, (options: StoreOptions) => Promise<StoreParts>>> = {
  /** The embedded database, and the stand-in for Neon's HTTP through which the edge reads it. */
  async timescale({ dataDir, ports, detour }) {
    const database = timescalePart(dataDir, ports.database);
    const neonHttp = neonHttpPart(ports.neonHttp, await detour("neon-database", ports.database));
    return {
      parts: [database, neonHttp],
      workerEnv: {
        STORE: "timescale",
        DATABASE_URL: databaseUrlOf(await detour("worker-database", ports.database)),
      },
      edgeEnv: {
        DATABASE_URL: databaseUrlOf(ports.database),
        NEON_FETCH_ENDPOINT: `http://127.0.0.1:${await detour("edge-database", ports.neonHttp)}/sql`,
      },
      databaseUrl: databaseUrlOf(ports.database),
    };
  },

  /** One file that the worker alone opens; the edge asks the worker. */
  async duckdb({ dataDir }) {
    const folder = join(dataDir, "duckdb");
    await mkdir(folder, { recursive: true });
    return {
      parts: [],
      workerEnv: { STORE: "duckdb", DUCKDB_PATH: join(folder, "events.duckdb") },
      edgeEnv: { DATABASE_URL: "" },
      databaseUrl: undefined,
    };
  },

  /** A server of somebody else's; the edge asks the worker. */
  async clickhouse({ env }) {
    const url = env.CLICKHOUSE_URL;
    if (!url) {
      throw new Error(
        "Cannot start: --store clickhouse needs CLICKHOUSE_URL, the HTTP address of a ClickHouse server, such as http://127.0.0.1:8123",
      );
    }
    return {
      parts: [],
      workerEnv: { STORE: "clickhouse", CLICKHOUSE_URL: url },
      edgeEnv: { DATABASE_URL: "" },
      databaseUrl: url,
    };
  },
};

/** The embedded database lets in whoever reaches it; Neon's driver insists on a password. */
export function databaseUrlOf(port: number): string {
  return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
}

export function timescalePart(dataDir: string, port: number): Part {
  const folder = join(dataDir, "timescale");
  return {
    name: "database",
    ...nodeScript("timescale/embedded-timescale.ts", "--data-dir", folder, "--port", port),
    needs: [],
    isReady: () => answersSql(databaseUrlOf(port)),
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 15_000,
  };
}

function neonHttpPart(port: number, databasePort: number): Part {
  const databaseUrl = databaseUrlOf(databasePort);
  return {
    name: "neon-http",
    ...nodeScript("neon-http.ts", "--port", port),
    env: { DATABASE_URL: databaseUrl },
    needs: ["database"],
    isReady: (signal) =>
      answersHttp(`http://127.0.0.1:${port}/sql`, signal, {
        method: "POST",
        headers: { "neon-connection-string": databaseUrl, "content-type": "application/json" },
        body: JSON.stringify({ query: "select 1", params: [] }),
      }),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 5_000,
  };
}
