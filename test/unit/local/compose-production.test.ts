import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseNodeSettings } from "../../../edge/node/settings.ts";
import { parseEnv } from "../../../worker/env.ts";
import { loadCompose, readVariables } from "../../support/compose.ts";

const root = new URL("../../../", import.meta.url);
const composeText = read("docker-compose.yml");
const example = readVariables(".env.example");
const missing = Object.entries(example).flatMap(([name, value]) => (value === "" ? [name] : []));
const own = Object.fromEntries(missing.map((name, index) => [name, `${index}`.padStart(64, "ab")]));
const given: Readonly<Record<string, string>> = {
  ...example,
  ...own,
  COMPOSE_PROFILES: "production,monitoring",
  DOMAIN: "events.example",
};

describe(".env.example", () => {
  it("names every secret that docker-compose.yml has for development", () => {
    const secrets = [...composeText.matchAll(/\$\{(\w+):-[\w-]*development[\w-]*\}/g)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "ENVIRONMENT");
    expect(new Set(secrets).size).toBeGreaterThan(10);
    for (const name of secrets) expect(missing).toContain(name);
  });

  it("names nothing that docker-compose.yml does not know", () => {
    const commented = [...read(".env.example").matchAll(/^# (\w+)=/gm)].map(
      ([, name = ""]) => name,
    );
    for (const name of [...Object.keys(example), ...commented]) {
      if (name !== "COMPOSE_PROFILES") expect(composeText).toContain(`\${${name}`);
    }
  });

  it("is no secret by itself: what is copied from it is ignored by git and by docker", () => {
    for (const path of [".gitignore", ".dockerignore"])
      expect(read(path).split("\n")).toContain(".env");
  });
});

describe("docker compose in production", () => {
  const compose = loadCompose(given);
  const services = Object.entries(compose.services);
  const edge = compose.services["edge-node"]?.environment ?? {};

  it("runs the edge on Node in place of Miniflare and of what stands in for Neon", () => {
    for (const name of ["edge", "neon-http"]) expect(compose.services).not.toHaveProperty(name);
    for (const name of ["edge-node", "caddy", "worker", "prometheus", "grafana"])
      expect(compose.services).toHaveProperty(name);
  });

  it("publishes nothing but Caddy's ports to the world", () => {
    for (const [name, { ports = [] }] of services) {
      if (name === "caddy") expect(ports).toEqual(["80:80", "443:443", "443:443/udp"]);
      else for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it("starts with secrets of one's own", () => {
    expect(parseEnv(compose.services.worker?.environment ?? {}).ENVIRONMENT).toBe("production");
    const settings = parseNodeSettings({ ...imageEnvironment("edge"), ...edge });
    expect(settings).toMatchObject({
      nats: "tcp",
      HOST: "0.0.0.0",
      PORT: 8787,
      OUTBOX_DIR: "/data",
    });
  });

  it("refuses development secrets also where the profile is all that is given, before anything listens", () => {
    const { services: careless } = loadCompose({ COMPOSE_PROFILES: "production" });
    expect(() =>
      parseNodeSettings({ ...imageEnvironment("edge"), ...careless["edge-node"]?.environment }),
    ).toThrow(/KEY_SECRET.*development secret/s);
    expect(careless.caddy?.depends_on?.["edge-node"]?.condition).toBe("service_healthy");
  });

  it("gives no part a development secret", () => {
    for (const [name, { environment = {} }] of services)
      expect([name, ...Object.values(environment)].join("\n")).not.toMatch(/development/);
  });

  it.each(services)("%s mounts what exists, and writes to volumes that exist", (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
    for (const volume of service.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (source.startsWith("./")) expect(existsSync(new URL(source, root)), source).toBe(true);
      else expect(compose.volumes).toHaveProperty(source);
    }
    for (const needed of Object.keys(service.depends_on ?? {}))
      expect(compose.declared).toHaveProperty(needed);
    if (service.image !== undefined) expect(service.image).toMatch(/:v?\d+\.\d+/);
  });

  it("has Caddy and Prometheus ask the edge where it listens", () => {
    expect(compose.services["edge-node"]?.networks?.default.aliases).toEqual(["edge"]);
    const { PORT } = parseNodeSettings({ ...imageEnvironment("edge"), ...edge });
    expect(read("deploy/Caddyfile")).toContain(`reverse_proxy edge:${PORT}`);
    const prometheus = read("deploy/prometheus/prometheus.yml");
    expect(prometheus).toContain(`targets: ["edge:${PORT}"]`);
    const { WORKER_PORT } = parseEnv(compose.services.worker?.environment ?? {});
    expect(prometheus).toContain(`targets: ["worker:${WORKER_PORT}"]`);
  });

  it("has Prometheus find its token, and Grafana find Prometheus and the dashboard", () => {
    const { prometheus, grafana, worker } = compose.services;
    expect(edge.METRICS_TOKEN).toBe(given.METRICS_TOKEN);
    expect(worker?.environment?.METRICS_TOKEN).toBe(given.METRICS_TOKEN);
    const file =
      /credentials_file: (\S+)/.exec(read("deploy/prometheus/prometheus.yml"))?.[1] ?? "";
    expect(prometheus?.entrypoint?.at(-1)).toContain(`"$METRICS_TOKEN" > /etc/prometheus/${file}`);
    expect(read("deploy/grafana/provisioning/datasources/prometheus.yml")).toContain(
      "http://prometheus:9090",
    );
    const folder = /path: (\S+)/.exec(
      read("deploy/grafana/provisioning/dashboards/sluice.yml"),
    )?.[1];
    expect(grafana?.volumes).toContain(`./deploy/grafana/sluice.json:${folder}/sluice.json:ro`);
  });

  it("gives the command sluice what reaches the parts", () => {
    const { services: tools } = loadCompose({ ...given, COMPOSE_PROFILES: "production,tools" });
    const { environment = {} } = tools.sluice ?? {};
    expect(environment.KEY_SECRET).toBe(edge.KEY_SECRET);
    expect(environment.WORKER_TOKEN).toBe(edge.WORKER_TOKEN);
    expect(environment).toMatchObject({ NATS_USER: "operator", SLUICE_URL: "http://edge:8787" });
    expect(`"${environment.NATS_PASSWORD}"`).toBe(tools.nats?.environment?.NATS_OPERATOR_PASSWORD);
  });
});

/** What the image of a target has in its environment. */
function imageEnvironment(target: string): Record<string, string> {
  const stage = read("worker/Dockerfile")
    .split(/^FROM /m)
    .find((text) => text.startsWith(`base AS ${target}\n`));
  const settings = [...(stage ?? "").matchAll(/^ENV (.*)$/gm)].flatMap(([, line = ""]) =>
    line.split(" "),
  );
  return Object.fromEntries(settings.map((setting) => setting.split("=") as [string, string]));
}

function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}
