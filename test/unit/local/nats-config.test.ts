import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { EDGE_INBOX, EVENTS_SUBJECTS } from "../../../contract/stream.ts";
import { nodeConfig } from "../../../local/nats-cluster.ts";
import { natsConfig } from "../../../local/nats-server.ts";

const passwords = { edgePassword: "e", workerPassword: 'w"@/' };
const node = { port: 1, websocketPort: 2, routePort: 3 };
const clusterConfig = nodeConfig("/data", "nats-1", node, {
  dataDir: "/data",
  nodes: [node, { port: 4, websocketPort: 5, routePort: 6 }],
  ...passwords,
});
const config = {
  npm: natsConfig("/data", "sluice-local", { port: 1, websocketPort: 2, ...passwords }),
  "npm, in a cluster": clusterConfig,
  compose: readFileSync(new URL("../../../deploy/nats.conf", import.meta.url), "utf8"),
};

it.each(Object.entries(config))(
  "the edge may publish events and read its inbox under %s",
  (_, text) => {
    const [, permissions] = /user: edge\n.*\n\s*permissions: (.*)/.exec(text) ?? [];
    expect(permissions).toBe(`{ publish: ["${EVENTS_SUBJECTS}"], subscribe: ["${EDGE_INBOX}.>"] }`);
  },
);

it("nodeConfig() names the way to every server, with a password that fits into a URL", () => {
  const [, routes = ""] = /routes: (.*)/.exec(clusterConfig) ?? [];
  const urls = (JSON.parse(routes) as string[]).map((route) => new URL(route));
  expect(urls.map(({ port }) => port)).toEqual(["3", "6"]);
  for (const { password } of urls) expect(decodeURIComponent(password)).toBe('w"@/');
});

it("nodeConfig() tells clients nothing of the other servers", () => {
  expect(clusterConfig).toContain("no_advertise: true");
});
