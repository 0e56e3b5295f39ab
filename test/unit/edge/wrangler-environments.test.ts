import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { EDGE_VARS, parseConfig } from "../../../edge/env.ts";

const config = fileURLToPath(new URL("../../../wrangler.toml", import.meta.url));
const above = read(undefined);

describe("wrangler.toml", () => {
  it("has the environments staging and production", () => {
    expect(above.definedEnvironments).toEqual(["staging", "production"]);
  });

  describe.each(["staging", "production"])("--env %s", (env) => {
    const own = read(env);

    it("has all that is deployed without it", () => {
      for (const part of PARTS) expect(own[part]).toEqual(above[part]);
    });

    it("has every gate, with the same limits", () => {
      const limits = ({ ratelimits }: Config) => ratelimits.map((gate) => [gate.name, gate.simple]);
      expect(limits(own)).toEqual(limits(above));
      expect(above.ratelimits.length).toBeGreaterThan(0);
    });

    it("is deployed only with the secrets without which it would answer 500", () => {
      const required = own.secrets?.required ?? [];
      for (const name of required) expect(EDGE_VARS.shape).toHaveProperty(name);
      const values = Object.fromEntries(required.map((name) => [name, sampleOf(name)]));
      const reads = { WORKER_URL: "https://worker.example", WORKER_TOKEN: "w".repeat(32) };
      expect(() => parseConfig({ ...own.vars, ...values, ...reads })).not.toThrow();
    });
  });

  it("counts and stores for staging and production apart", () => {
    const [staging, production] = [read("staging"), read("production")];
    expect(staging.name).toBe("sluice-edge-staging");
    // Another name would be another Worker, and what the outboxes of this one hold would wait there.
    expect(production.name).toBe(above.name);
    const ids = [staging, production].flatMap(({ ratelimits }) =>
      ratelimits.map(({ namespace_id }) => namespace_id),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

/** The parts of wrangler's own type that are looked at: that one is not resolved here. */
interface Config extends Readonly<Record<(typeof PARTS)[number], unknown>> {
  readonly name: string;
  readonly definedEnvironments: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  readonly secrets?: { readonly required: readonly string[] };
  readonly ratelimits: readonly {
    readonly name: string;
    readonly namespace_id: string;
    readonly simple: unknown;
  }[];
}

const PARTS = [
  "vars",
  "durable_objects",
  "migrations",
  "main",
  "compatibility_date",
  "compatibility_flags",
  "observability",
  "workers_dev",
] as const;

function read(env: string | undefined): Config {
  return unstable_readConfig({ config, ...(env === undefined ? {} : { env }) });
}

function sampleOf(name: string): string {
  if (name === "NATS_URL") return "wss://nats.example";
  return name.endsWith("_URL") ? "https://redis.example" : "0123456789abcdef".repeat(2);
}
