import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EDGE_VARS, parseConfig } from "../../../edge/env.ts";
import { NODE_VARS } from "../../../edge/node/settings.ts";
import { parseEnv, STORES } from "../../../worker/env.ts";
import {
  type Compose,
  type ComposeService,
  loadCompose,
  readCompose,
  readVariables,
} from "../../support/compose.ts";
import { COMPOSE_SCHEMA } from "../../support/compose-schema.ts";

const root = new URL("../../../", import.meta.url);
const clusterVariables = readVariables("deploy/cluster.env");

const clickHouseVariables = readVariables("deploy/clickhouse.env");

describe.each([
  { name: "one NATS server", variables: {}, servers: 1, store: "timescale" },
  { name: "three NATS servers", variables: clusterVariables, servers: 3, store: "timescale" },
  { name: "ClickHouse", variables: clickHouseVariables, servers: 1, store: "clickhouse" },
])("docker compose with $name", ({ variables, servers, store }) => {
  const compose = loadCompose(variables);
  const services = Object.entries(compose.services);
  const natsServers = services.filter(([, { command }]) => command?.includes("--config"));

  it("is what the compose specification knows", () => {
    expect(COMPOSE_SCHEMA.safeParse(readCompose(variables)).error?.issues ?? []).toEqual([]);
  });

  it("gives worker and edge settings that they have", () => {
    const {
      worker,
      edge,
      "edge-node": edgeNode,
    } = loadCompose({
      ...variables,
      COMPOSE_PROFILES: "production",
    }).services;
    const worked = Object.assign({}, ...Object.values(STORES).map(({ shape }) => shape));
    for (const name of Object.keys(worker?.environment ?? {})) expect(worked).toHaveProperty(name);
    const edged: Record<string, unknown> = { ...EDGE_VARS.shape, ...NODE_VARS.shape };
    for (const part of [edge, edgeNode])
      for (const name of Object.keys(part?.environment ?? {}))
        if (name !== "HOME") expect(edged).toHaveProperty(name);
  });

  it.each(services)("%s publishes its ports on the loopback interface only", (_name, service) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it.each(services)("%s names volumes and services that exist", (_name, service) => {
    for (const volume of service.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (source.startsWith("./")) expect(existsSync(new URL(source, root))).toBe(true);
      else expect(compose.volumes).toHaveProperty(source);
    }
    for (const needed of Object.keys(service.depends_on ?? {}))
      expect(compose.declared).toHaveProperty(needed);
  });

  it.each(natsServers)("%s has every variable of its configuration", (_name, service) => {
    const config = configOf(service);
    for (const [, variable = ""] of config.matchAll(/^\s*\w+: \$(\w+)$/gm))
      expect(service.environment).toHaveProperty(variable);
  });

  it("gives each NATS server a volume and a name of its own", () => {
    expect(natsServers).toHaveLength(servers);
    const volumes = natsServers.map(([, service]) => service.volumes?.at(-1));
    const names = natsServers.map(([, { environment }]) => environment?.NATS_SERVER_NAME);
    expect(new Set(volumes).size).toBe(servers);
    expect(new Set(names).size).toBe(servers);
  });

  it("runs the store that the worker uses, and no other", () => {
    const env = parseEnv(compose.services.worker?.environment ?? {});
    const { database } = parseConfig(edgeEnvironment(compose));
    expect(env.STORE).toBe(store);
    if (env.STORE === "clickhouse") {
      const url = new URL(env.CLICKHOUSE_URL);
      const server = compose.services[url.hostname];
      expect(server?.environment).toMatchObject({
        CLICKHOUSE_USER: env.CLICKHOUSE_USER,
        CLICKHOUSE_PASSWORD: env.CLICKHOUSE_PASSWORD,
      });
      expect(server?.ports?.[0]?.split(":").at(-1)).toBe(url.port);
      expect(database).toBeUndefined();
    } else {
      expect(new URL(database?.url ?? "").hostname).toBe("database");
    }
    expect(Object.keys(compose.services).includes("database")).toBe(store === "timescale");
    expect(Object.keys(compose.services).includes("neon-http")).toBe(store === "timescale");
    expect(Object.keys(compose.services).includes("clickhouse")).toBe(store === "clickhouse");
  });

  it("gives the edge and the worker the address of each NATS server", () => {
    const { NATS_URL, STREAM_REPLICAS } = parseEnv(compose.services.worker?.environment ?? {});
    expect(STREAM_REPLICAS).toBe(servers);
    expectAddresses(NATS_URL, "nats:", "listen");
    const { nats } = parseConfig(edgeEnvironment(compose));
    expectAddresses(nats.servers, "ws:", "websocket");
  });

  it("gives each NATS server the way to all of a cluster", () => {
    if (servers === 1) return expect(configOf(natsServers[0]?.[1])).not.toContain("cluster {");
    for (const [, { environment = {} }] of natsServers) {
      const { NATS_ROUTES = "", NATS_CLUSTER_PASSWORD } = environment;
      const routes = JSON.parse(NATS_ROUTES) as string[];
      expectAddresses(routes, "nats:", "cluster");
      for (const route of routes)
        expect(new URL(route)).toMatchObject({
          username: "cluster",
          password: unquote(NATS_CLUSTER_PASSWORD),
        });
    }
  });

  it.each(services)(
    "%s can write to its volumes only, and become nobody else",
    (_name, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
      });
    },
  );

  it.each(services)("%s is of one version", (_name, { image }) => {
    if (image !== undefined) expect(image).toMatch(/:v?\d+\.\d+/);
  });

  it.each(services)("%s shows no secret in its arguments", (_name, { command, entrypoint }) => {
    const variables = (command ?? []).concat(entrypoint ?? []).join(" ");
    expect(variables).not.toMatch(/development|:\/\/\S*@/);
  });

  it("starts in production with secrets of one's own, and not with those of this file", () => {
    const production = { ...variables, ENVIRONMENT: "production" };
    const development = loadCompose(production).services;
    expect(() => parseEnv(development.worker?.environment ?? {})).toThrow(/development secret/);
    const own = loadCompose({ ...production, ...ownSecrets() });
    const secretsLeft = Object.values(own.declared).flatMap(({ environment = {} }) =>
      Object.values(environment).filter((value) => /development/.test(value)),
    );
    expect(secretsLeft).toEqual([]);
    expect(parseEnv(own.services.worker?.environment ?? {}).ENVIRONMENT).toBe("production");
    expect(parseConfig(edgeEnvironment(own))).toBeDefined();
  });

  it("gives each part the password of its own user", () => {
    const { worker, edge, redis, "redis-http": redisHttp } = compose.services;
    const [server] = natsServers.map(([, { environment }]) => environment);
    const isLogin = (part: ComposeService | undefined, user: string, password?: string) =>
      expect(part?.environment).toMatchObject({
        NATS_USER: user,
        NATS_PASSWORD: unquote(password),
      });
    isLogin(worker, "worker", server?.NATS_WORKER_PASSWORD);
    isLogin(edge, "edge", server?.NATS_EDGE_PASSWORD);
    const connection = new URL(redisHttp?.environment?.SRH_CONNECTION_STRING ?? "");
    expect(connection.password).toBe(redis?.environment?.REDISCLI_AUTH);
    if (store !== "timescale") return;
    const roles = compose.services["database-roles"];
    const passwords = roles?.environment ?? {};
    const loginOf = (url = "") => [new URL(url).username, new URL(url).password];
    expect(loginOf(worker?.environment?.DATABASE_URL)).toEqual([
      "sluice_worker",
      passwords.DATABASE_WORKER_PASSWORD,
    ]);
    expect(loginOf(worker?.environment?.DATABASE_OWNER_URL)).toEqual([
      "sluice_maintenance",
      passwords.DATABASE_MAINTENANCE_PASSWORD,
    ]);
    for (const part of [edge, compose.services["neon-http"]])
      expect(loginOf(part?.environment?.DATABASE_URL)).toEqual([
        "sluice_edge",
        passwords.DATABASE_EDGE_PASSWORD,
      ]);
    const script = roles?.entrypoint?.at(-1)?.replace("/deploy/", "deploy/") ?? "";
    for (const [, name = ""] of read(script).matchAll(/\\getenv \w+ (\w+)/g))
      expect(passwords).toHaveProperty(name);
    // Who else had the superuser's password would need no roles.
    const superusers = services.filter(([, { environment }]) =>
      Object.keys(environment ?? {}).some((name) => /^(PG|POSTGRES_)PASSWORD$/.test(name)),
    );
    expect(superusers.map(([name]) => name)).toEqual(["database", "database-roles"]);
  });

  it("shows what NATS says of itself to its own container only", () => {
    expect(configOf(natsServers[0]?.[1])).toContain('http: "127.0.0.1:8222"');
  });

  /** Each NATS server once, by a name that it has in the network, on the port where it listens. */
  function expectAddresses(urls: readonly string[], protocol: string, listener: string): void {
    const found = urls.map((text) => {
      const url = new URL(text);
      const [name, service] =
        natsServers.find((entry) => namesOf(entry).includes(url.hostname)) ?? [];
      expect(url.protocol).toBe(protocol);
      expect(url.port).toBe(portOf(configOf(service), listener));
      return name;
    });
    expect(found.sort()).toEqual(natsServers.map(([name]) => name).sort());
  }
});

/** As `local/edge-runtime.ts` hands it on: without what is empty. */
function edgeEnvironment({ services }: Compose): Record<string, string> {
  const given = Object.entries(services.edge?.environment ?? {});
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** What the other services may call it. */
function namesOf([name, service]: readonly [string, ComposeService]): string[] {
  return [name, ...(service.networks?.default.aliases ?? [])];
}

/** The text of a NATS server's configuration, with what it includes. */
function configOf(service: ComposeService | undefined): string {
  const path = service?.command?.at(-1)?.replace("/etc/nats/", "deploy/") ?? "";
  return readWithIncludes(path);
}

function readWithIncludes(path: string): string {
  return read(path).replace(/^include "(.*)"$/m, (_, name: string) =>
    readWithIncludes(`deploy/${name}`),
  );
}

/** Another value for every secret that docker-compose.yml has. */
function ownSecrets(): Record<string, string> {
  const names = read("docker-compose.yml").matchAll(/\$\{(\w+):-[\w-]*development[\w-]*\}/g);
  return Object.fromEntries(
    [...names]
      .filter(([, name]) => name !== "ENVIRONMENT")
      .map(([, name = ""], index) => [name, `${index}`.padStart(40, "own")]),
  );
}

/** nats-server reads a variable as configuration. */
function unquote(text = ""): string {
  return /^"(.*)"$/.exec(text)?.[1] ?? text;
}

/** The port in `listen: …`, alone or in the block of that name. */
function portOf(config: string, listener: string): string | undefined {
  const block = listener === "listen" ? config : config.slice(config.indexOf(`\n${listener} {`));
  return /listen: "0\.0\.0\.0:(\d+)"/.exec(block)?.[1];
}

function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}
