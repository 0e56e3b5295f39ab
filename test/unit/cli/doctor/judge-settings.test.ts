import { describe, expect, test } from "vitest";
import { judgeSettings } from "../../../../cli/doctor/judge-settings.ts";
import type { Access } from "../../../../cli/parts/access.ts";
import { FAKE_CREDS } from "../../../support/fake-creds.ts";
import { accessTo, complaints, LOCAL } from "./facts.ts";

const PUBLIC = { url: new URL("https://events.example.com"), metricsToken: undefined };
const HERE = { url: new URL("http://127.0.0.1:8787"), metricsToken: undefined };
const GOOD = "0123456789abcdef0123456789abcdef";

function judge(given: Partial<Access>) {
  return complaints(judgeSettings(accessTo(given)));
}

describe("judgeSettings()", () => {
  test("has nothing against good secrets, nor against those of npm start", () => {
    const settings = {
      KEY_SECRET: GOOD,
      WORKER_TOKEN: GOOD,
      NATS_URL: "tls://n",
      NATS_PASSWORD: GOOD,
    };
    expect(judge({ edge: PUBLIC, settings })).toEqual([]);
    const { NATS_PASSWORD: _, ...others } = settings;
    expect(judge({ edge: PUBLIC, settings: { ...others, NATS_CREDS: FAKE_CREDS } })).toEqual([]);
    expect(judge({ deployment: LOCAL, settings: { KEY_SECRET: "short" } })).toEqual([]);
  });

  test.each([
    [{ KEY_SECRET: "short" }, "KEY_SECRET: has 5 characters, fewer than 32"],
    [{ KEY_SECRET_PREVIOUS: "short" }, "KEY_SECRET_PREVIOUS: has 5 characters, fewer than 32"],
    [{ WORKER_TOKEN: "0123456789abcdef" }, "WORKER_TOKEN: is shorter than 32 characters"],
    [
      { METRICS_TOKEN: "metrics-development-token-of-32-characters" },
      "METRICS_TOKEN: is a development secret, which everybody knows",
    ],
    [
      { DATABASE_URL: "postgres://postgres:postgres@db/sluice" },
      "DATABASE_URL: is a development secret, which everybody knows",
    ],
    [{ NATS_URL: "tls://nats.example.com" }, "NATS_PASSWORD: is not set"],
  ])("refuses %j in production, and tells no secret", (settings, complaint) => {
    const found = judge({ edge: PUBLIC, settings });
    expect(found).toEqual([expect.stringContaining(`failure ${complaint} → `)]);
    for (const secret of Object.values(settings)) expect(found.join()).not.toContain(secret);
  });

  test("is content with development secrets where the edge is on this machine", () => {
    const settings = { WORKER_TOKEN: "worker-development-token", NATS_URL: "nats://127.0.0.1" };
    expect(judge({ edge: HERE, settings })).toEqual([]);
    expect(
      judge({ edge: HERE, settings: { ...settings, ENVIRONMENT: "production" } }),
    ).toHaveLength(2);
    expect(judge({ edge: PUBLIC, settings: { ...settings, ENVIRONMENT: "development" } })).toEqual(
      [],
    );
  });

  test("misses no password that is in NATS_URL, and looks at no other program's secrets", () => {
    const NATS_URL = "tls://operator:0123@nats.example.com";
    const settings = { NATS_URL, GITHUB_TOKEN: "development", AWS_SECRET: "development" };
    expect(judge({ edge: PUBLIC, settings })).toEqual([]);
  });

  test("names files that cannot be read", () => {
    const faults = [{ name: "KEY_SECRET_FILE", message: '"/run/x" cannot be read: ENOENT' }];
    expect(judge({ faults })).toEqual([
      'failure KEY_SECRET_FILE: "/run/x" cannot be read: ENOENT → give it a file that is there and holds the secret',
    ]);
  });

  test("warns of addresses without encryption, but not within one's own network", () => {
    const worker = { url: new URL("http://worker.example.com"), token: undefined };
    const nats = { servers: ["nats.example.com:4222"], isTls: false };
    const found = judge({ edge: PUBLIC, worker, nats });
    expect(found.map((text) => text.split(":")[0])).toEqual([
      "warning WORKER_URL",
      "warning NATS_URL",
    ]);
    const inside = {
      worker: { url: new URL("http://worker:8790"), token: undefined },
      nats: { servers: ["10.0.0.7:4222"], isTls: false },
    };
    expect(judge({ edge: PUBLIC, ...inside })).toEqual([]);
  });
});
