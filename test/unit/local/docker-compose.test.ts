import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";

interface ComposeService {
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

const root = new URL("../../../", import.meta.url);
const compose = parse(readFileSync(new URL("docker-compose.yml", root), "utf8")) as {
  services: Record<string, ComposeService>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);

it.each(services)(
  "%s publishes its ports on the loopback interface only",
  (_name, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  },
);

it.each(services)("%s names volumes and services that exist", (_name, service) => {
  for (const volume of service.volumes ?? []) {
    const [source = ""] = volume.split(":");
    if (source.startsWith("./")) readFileSync(new URL(source, root));
    else expect(compose.volumes).toHaveProperty(source);
  }
  for (const needed of Object.keys(service.depends_on ?? {}))
    expect(compose.services).toHaveProperty(needed);
});
