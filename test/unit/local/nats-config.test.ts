import { readFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  EDGE_INBOX,
  EVENTS_SUBJECTS,
  OPERATOR_INBOX,
  WORKER_INBOX,
} from "../../../contract/stream.ts";
import { nodeConfig } from "../../../local/nats-cluster.ts";
import { natsConfig, passwordVariables, prepareNats } from "../../../local/nats-server.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const passwords = { edge: "12e4", worker: 'w"@/', operator: "o\\" };
const node = { port: 1, websocketPort: 2, routePort: 3 };
const clusterPassword = 'c"@/';
const clusterConfig = nodeConfig("/data", "nats-1", node, {
  dataDir: "/data",
  nodes: [node, { port: 4, websocketPort: 5, routePort: 6 }],
  passwords,
  clusterPassword,
});
const npmConfig = natsConfig("/data", "sluice-local", { port: 1, websocketPort: 2 });
const deployed = (name: string) =>
  readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), "utf8");
const accounts = deployed("nats-accounts.conf");

describe("NATS' accounts", () => {
  it("are the same in every configuration", () => {
    expect(npmConfig).toContain(accounts);
    expect(clusterConfig).toContain(accounts);
    expect(deployed("nats.conf")).toContain('\ninclude "nats-accounts.conf"\n');
    expect(deployed("nats-cluster.conf")).toContain('\ninclude "nats.conf"\n');
  });

  it("let nobody in without a password, and hold none", () => {
    for (const text of [npmConfig, deployed("nats.conf")]) {
      expect(text).not.toMatch(/^\s*(no_auth_user|authorization)\b/m);
    }
    const users = accounts.match(/^ *user: /gm) ?? [];
    const given = accounts.match(/^ *password: \$NATS_[A-Z]+_PASSWORD$/gm) ?? [];
    expect(users).toHaveLength(3);
    expect(new Set(given).size).toBe(3);
  });

  it.each([
    ["edge", EDGE_INBOX, '["STANDARD", "WEBSOCKET"]'],
    ["worker", WORKER_INBOX, '["STANDARD"]'],
    ["operator", OPERATOR_INBOX, '["STANDARD"]'],
  ])("give %s an inbox of its own, and the doors that it needs", (user, inbox, doors) => {
    const [, own = ""] = accounts.split(`user: ${user}\n`);
    expect(/allowed_connection_types: (.*)/.exec(own)?.[1]).toBe(doors);
    expect(/subscribe: \{ allow: \["([^"]+)"/.exec(own)?.[1]).toBe(`${inbox}.>`);
  });

  it("let the edge publish events", () => {
    expect(accounts).toContain(`publish: { allow: ["${EVENTS_SUBJECTS}"]`);
  });
});

it("passwordVariables() quotes what the server would read as something else", () => {
  expect(passwordVariables(passwords)).toEqual({
    NATS_EDGE_PASSWORD: '"12e4"',
    NATS_WORKER_PASSWORD: '"w\\"@/"',
    NATS_OPERATOR_PASSWORD: '"o\\\\"',
  });
});

it("nodeConfig() names the way to every server, with a password that fits into a URL", () => {
  const [, routes = ""] = /routes: (.*)/.exec(clusterConfig) ?? [];
  const urls = (JSON.parse(routes) as string[]).map((route) => new URL(route));
  expect(urls.map(({ port }) => port)).toEqual(["3", "6"]);
  for (const { password } of urls) expect(decodeURIComponent(password)).toBe(clusterPassword);
});

it("nodeConfig() tells clients nothing of the other servers", () => {
  expect(clusterConfig).toContain("no_advertise: true");
});

it("prepareNats() keeps the streams of a data directory without accounts", async () => {
  const tempDir = await makeTempDir("nats-config");
  try {
    const streams = join(tempDir.path, "nats", "jetstream");
    await mkdir(join(streams, "$G", "streams"), { recursive: true });
    await writeFile(join(streams, "$G", "streams", "mark"), "");
    await prepareNats({ dataDir: tempDir.path, port: 1, websocketPort: 2, passwords });
    expect(await readdir(streams)).toEqual(["SLUICE"]);
    expect(await readdir(join(streams, "SLUICE", "streams"))).toEqual(["mark"]);
  } finally {
    await tempDir.remove();
  }
});
