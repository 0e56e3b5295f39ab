import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../../../local/find-program.mjs";
import { findFreePort } from "../../../local/free-port.ts";
import type { Part } from "../../../local/part.ts";
import { answersHttp } from "../../../local/probes.ts";
import { type Service, startService } from "../service.ts";
import { makeTempDir } from "../temp-dir.ts";
import { copyPrometheusFiles } from "./promtool.ts";

/** Undefined where `npm test` could not get it, which it has said. */
export const PROMETHEUS = findProgram("prometheus");

export type FiringAlert = { readonly name: string; readonly part: string | undefined };

export type PrometheusService = Pick<Service, "stop"> & {
  firingAlerts(): Promise<FiringAlert[]>;
  /** How many targets answer. */
  countTargetsUp(): Promise<number>;
};

type Targets = { readonly edgeUrl: string; readonly workerUrl: string; readonly token: string };

/** A real Prometheus with the configuration and rules of deploy/prometheus, pointed at a stack. */
export async function startPrometheus({
  edgeUrl,
  workerUrl,
  token,
}: Targets): Promise<PrometheusService> {
  if (PROMETHEUS === undefined) throw new Error("Cannot start Prometheus: not found");
  const tempDir = await makeTempDir("prometheus");
  await copyPrometheusFiles(tempDir.path, token);
  const configPath = join(tempDir.path, "prometheus.yml");
  const config = (await readFile(configPath, "utf8"))
    .replace('"edge:8787"', `"${new URL(edgeUrl).host}"`)
    .replace('"worker:8790"', `"${new URL(workerUrl).host}"`);
  await writeFile(configPath, config);
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const part: Part = {
    name: "prometheus",
    command: PROMETHEUS,
    args: [
      `--config.file=${configPath}`,
      `--storage.tsdb.path=${join(tempDir.path, "data")}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    needs: [],
    isReady: (signal) => answersHttp(`${url}/-/ready`, signal),
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
  };
  const { stop } = await startService(part, tempDir);
  return {
    stop,
    async firingAlerts() {
      const { alerts } = await ask<{ alerts: Alert[] }>(`${url}/api/v1/alerts`);
      return alerts
        .filter(({ state }) => state === "firing")
        .map(({ labels }) => ({ name: labels.alertname ?? "", part: labels.part }));
    },
    async countTargetsUp() {
      const { activeTargets } = await ask<{ activeTargets: { health: string }[] }>(
        `${url}/api/v1/targets`,
      );
      return activeTargets.filter(({ health }) => health === "up").length;
    },
  };
}

type Alert = { readonly state: string; readonly labels: Readonly<Record<string, string>> };

async function ask<Data>(url: string): Promise<Data> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  const { data } = (await response.json()) as { readonly data: Data };
  return data;
}
