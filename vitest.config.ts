import { resolve } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";
import { isThorough } from "./test/support/thoroughness.ts";

/** Tests of what only a Worker has: the entry of one, and Cloudflare's cache. */
const ABOUT_CLOUDFLARE = ["bad-configuration", "colo-cache"].map(
  (name) => `test/edge/${name}.test.ts`,
);

/** Of the edge as a Node process: what it does in a way of its own, and in `npm run test:thorough` everything. */
const SUITES_ON_NODE = [
  ...["outbox", "publisher"],
  ...(isThorough
    ? [
        ...["answer-cache", "export", "hostile-http", "nats-cluster", "nats-publisher"],
        ...["rate-limits", "reads", "redis-outage", "revocations"],
      ]
    : []),
].map((name) => `test/integration/edge/${name}.test.ts`);

/** Whole stacks whose parts other suites try as well: in `npm run test:thorough`. */
const LONG_STACKS = ["alerts", "doctor", "projects-in-duckdb"].map(
  (name) => `test/e2e/${name}.test.ts`,
);

/** Files take turns in a few processes: one for each file costs the unit tests 35 s of processor time, of 50. */
const SHARED_PROCESSES = { isolate: false, maxWorkers: 2 };
/** Most of them wait, for time-outs and for servers that they stopped. */
const INTEGRATION = {
  isolate: false,
  maxWorkers: 4,
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

/** One project for each level of test; `npm test` runs them in this order. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...SHARED_PROCESSES, name: "unit", include: ["test/unit/**/*.test.ts"] } },
      {
        plugins: [
          cloudflareTest({
            main: "./edge/index.ts",
            miniflare: {
              compatibilityDate: "2026-11-01",
              compatibilityFlags: ["nodejs_compat"],
            },
          }),
        ],
        // Every test has an app of its own.
        test: { ...SHARED_PROCESSES, name: "edge", include: ["test/edge/**/*.test.ts"] },
      },
      {
        resolve: {
          alias: { "cloudflare:test": resolve("test/support/cloudflare-test-on-node.ts") },
        },
        test: {
          ...SHARED_PROCESSES,
          name: "edge-node",
          include: ["test/edge/**/*.test.ts"],
          exclude: ABOUT_CLOUDFLARE,
        },
      },
      {
        test: {
          ...INTEGRATION,
          name: "integration-node",
          include: SUITES_ON_NODE,
          provide: { edgeRuntime: "node" },
        },
      },
      {
        test: {
          ...INTEGRATION,
          name: "integration",
          globalSetup: "test/support/timescale-template.ts",
          include: ["test/integration/**/*.test.ts"],
          provide: { edgeRuntime: "workerd" },
        },
      },
      {
        test: {
          name: "e2e",
          globalSetup: "test/support/timescale-template.ts",
          include: ["test/e2e/**/*.test.ts"],
          exclude: isThorough ? [] : LONG_STACKS,
          testTimeout: 120_000,
          hookTimeout: 240_000,
          isolate: false,
          // Each file starts a whole stack; some start several.
          maxWorkers: 3,
        },
      },
    ],
  },
});
