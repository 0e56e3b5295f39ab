import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../local/free-port.ts";
import type { Part } from "../../local/part.ts";
import { answersHttp } from "../../local/probes.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface ClickHouseService extends Service {
  readonly port: number;
  readonly url: string;
}

const SCRIPT = fileURLToPath(new URL("clickhouse-http.ts", import.meta.url));

/** ClickHouse's engine behind HTTP; it takes 600 MB and a second, so one serves a whole file of tests. */
export async function startClickHouse(
  options: { readonly password?: string } = {},
): Promise<ClickHouseService> {
  const tempDir = await makeTempDir("clickhouse");
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const { password } = options;
  const part: Part = {
    name: "clickhouse",
    command: process.execPath,
    args: [
      ...["--disable-warning=ExperimentalWarning", SCRIPT],
      ...["--port", String(port), "--data-dir", join(tempDir.path, "data")],
      ...(password === undefined ? [] : ["--password", password]),
    ],
    env: { UV_THREADPOOL_SIZE: "16" },
    needs: [],
    isReady: (signal) => answersHttp(`${url}/ping`, signal),
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 5_000,
  };
  const service = await startService(part, tempDir);
  return { ...service, port, url };
}
