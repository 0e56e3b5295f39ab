import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Secrets } from "../../local/secrets.ts";
import {
  type FiringAlert,
  PROMETHEUS,
  type PrometheusService,
  startPrometheus,
} from "../support/metrics/prometheus.ts";
import { poll } from "../support/poll.ts";
import { type StackService, startStack, whileGone, whileStopped } from "../support/stack.ts";
import { isThorough } from "../support/thoroughness.ts";

/** What an operator is promised; where much else runs at once, only that it is named. */
const NAMED_WITHIN_MS = isThorough ? 30_000 : 60_000;

/** What is frozen, and the alerts that name it. */
const BREAKS: readonly (readonly [string, readonly FiringAlert[]])[] = [
  ["redis", [{ name: "SluiceEdgePartFailed", part: "redis" }]],
  [
    "nats",
    [
      { name: "SluiceEdgePartFailed", part: "stream" },
      { name: "SluiceWorkerPartFailed", part: "nats" },
    ],
  ],
  [
    "database",
    [
      { name: "SluiceEdgePartFailed", part: "database" },
      { name: "SluiceWorkerPartFailed", part: "database" },
      { name: "SluiceEdgeNotReady", part: undefined },
    ],
  ],
  ["worker", [{ name: "SluiceWorkerDown", part: undefined }]],
  ["edge", [{ name: "SluiceEdgeDown", part: undefined }]],
];

describe.skipIf(PROMETHEUS === undefined)("A real Prometheus with the alerts of deploy/", () => {
  let stack: StackService;
  let prometheus: PrometheusService;

  beforeAll(async () => {
    stack = await startStack();
    const secrets = await readFile(join(stack.dataDir, "secrets.json"), "utf8");
    prometheus = await startPrometheus({
      edgeUrl: stack.edge_url,
      workerUrl: stack.worker_url,
      token: (JSON.parse(secrets) as Secrets).metricsToken,
    });
    await poll("two targets", async () => (await prometheus.countTargetsUp()) === 2, 30_000);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await stack?.stop();
  });

  async function untilFiring(expected: readonly FiringAlert[]): Promise<void> {
    await poll(
      `alerts ${JSON.stringify(expected)}`,
      async () => {
        const firing = await prometheus.firingAlerts();
        return expected.every(({ name, part }) =>
          firing.some((alert) => alert.name === name && alert.part === part),
        );
      },
      NAMED_WITHIN_MS,
    );
  }

  async function untilQuiet(): Promise<void> {
    await poll("no alert", async () => (await prometheus.firingAlerts()).length === 0, 60_000);
  }

  it("says nothing of a healthy stack", async () => {
    expect(await prometheus.firingAlerts()).toEqual([]);
  });

  it("names Redis, NATS and the database when they fail together", async () => {
    const behind = BREAKS.slice(0, 3);
    await whileAllStopped(
      stack,
      behind.map(([part]) => part),
      () => untilFiring(behind.flatMap(([, alerts]) => alerts)),
    );
    await untilQuiet();
  });

  it.runIf(isThorough).each(BREAKS)(
    "names %s within 30 s of its failing alone",
    async (part, alerts) => {
      // The edge is two processes.
      const without = part === "edge" ? whileGone : whileStopped;
      await without(stack, part, () => untilFiring(alerts));
      await untilQuiet();
    },
  );
});

function whileAllStopped(
  stack: StackService,
  [part, ...others]: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  if (part === undefined) return work();
  return whileStopped(stack, part, () => whileAllStopped(stack, others, work));
}
