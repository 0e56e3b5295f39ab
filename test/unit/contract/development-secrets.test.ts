import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { isDevelopmentSecret } from "../../../contract/development-secrets.ts";
import { databaseUrlOf } from "../../../local/store-parts.ts";

const compose = readFileSync(new URL("../../../docker-compose.yml", import.meta.url), "utf8");

describe("isDevelopmentSecret()", () => {
  const defaults = [
    ...compose.matchAll(/\$\{(\w*(?:SECRET|PASSWORD|TOKEN)\w*):?-([^${}]+)\}/g),
  ].map(([, name = "", value = ""]) => [name, value] as const);

  it.each(defaults)("knows the default of %s in docker-compose.yml, %s", (name, value) => {
    expect(isDevelopmentSecret(name, value)).toBe(true);
  });

  test("docker-compose.yml has defaults", () => {
    expect(new Set(defaults.map(([name]) => name)).size).toBeGreaterThanOrEqual(8);
  });

  it("knows the passwords in the addresses of docker-compose.yml, and has looked at all", () => {
    const filled = compose.replaceAll(/\$\{\w+:?-([^${}]*)\}/g, "$1");
    const addresses = [...filled.matchAll(/\w+:\/\/\w+:[^\s"@]+@[^\s"]+/g)].map(([url]) => url);
    expect(addresses.length).toBeGreaterThan(3);
    for (const url of addresses) expect(isDevelopmentSecret("ANY_URL", url), url).toBe(true);
  });

  it("docker-compose.yml has no secret on a command line", () => {
    const { services } = parse(compose, { merge: true });
    // Two dollars are for the shell inside, which reads its own environment.
    for (const [name, { command, entrypoint }] of Object.entries<Record<string, unknown>>(services))
      expect(JSON.stringify([command, entrypoint]), name).not.toMatch(
        /(?<!\$)\$\{?\w*(SECRET|PASSWORD|TOKEN)/,
      );
  });

  it("knows the embedded database's password", () => {
    expect(isDevelopmentSecret("DATABASE_URL", databaseUrlOf(5432))).toBe(true);
  });

  it.each([
    ["KEY_SECRET", "Development-only-key-secret-of-sluice"],
    ["DATABASE_URL", "postgres://sluice:sluice@db.example/sluice"],
    ["DATABASE_URL", "postgres://sluice:my%2Ddevelopment@db.example/sluice"],
  ])("knows %s=%s", (name, value) => {
    expect(isDevelopmentSecret(name, value)).toBe(true);
  });

  it.each([
    ["KEY_SECRET", "dzJ0vXk6xwB0m1uQp6fZr3Yc8LwqTn5e"],
    ["DATABASE_URL", "postgres://sluice:rKp2@db.development.example/development"],
    ["DATABASE_URL", "postgres://development@db.example/sluice"],
    ["UPSTASH_REDIS_REST_URL", "https://development.upstash.example"],
    ["WORKER_ID", "development-1"],
    ["COLD_URL", "s3://development/events"],
  ])("leaves %s=%s alone", (name, value) => {
    expect(isDevelopmentSecret(name, value)).toBe(false);
  });
});
