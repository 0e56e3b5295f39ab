import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findListeningSockets } from "../support/listening-sockets.ts";
import { readProcessTree } from "../support/process-tree.ts";
import { type StackService, startStack } from "../support/stack.ts";
import { createStackClient } from "../support/stack-client.ts";
import { makeTempDir, type TempDir } from "../support/temp-dir.ts";

/** What the local stack shows of itself to the network and to other users of the machine. */
describe("npm start", () => {
  let tempDir: TempDir;
  let stack: StackService;
  let secrets: readonly string[];

  beforeAll(async () => {
    // Whatever the environment says, which is meant for something else.
    tempDir = await makeTempDir("exposure");
    stack = await startStack({
      env: { DATA_DIR: join(tempDir.path, "data"), WORKER_HOST: "0.0.0.0", HOST: "0.0.0.0" },
    });
    const stored = readFileSync(join(stack.dataDir, "secrets.json"), "utf8");
    const keys = [stack.write_key, stack.read_key, stack.admin_key];
    secrets = [...Object.values<string>(JSON.parse(stored)), ...keys];
    const client = await createStackClient(stack, "exposure");
    await client.post([{ event_type: "e2e", user_id: "user-1" }]);
    await client.waitUntilCounted();
  });
  afterAll(async () => {
    await stack?.stop();
    await tempDir?.remove();
  });

  it("listens on the loopback interface only", async () => {
    const sockets = findListeningSockets(readProcessTree(stack.pid).keys());
    const ports = Object.values<number>(
      JSON.parse(readFileSync(join(stack.dataDir, "ports.json"), "utf8")),
    );
    // All that are known, and whatever else has been opened.
    expect(sockets.map(({ port }) => port)).toEqual(expect.arrayContaining(ports));
    for (const socket of sockets) {
      expect(
        ["127.0.0.1", "0000:0000:0000:0000:0000:0000:0000:0001"],
        describeSocket(socket),
      ).toContain(socket.address);
    }
  });

  it("has no secret on a command line, where every user of the machine may read it", () => {
    const lines = [...readProcessTree(stack.pid).keys()].map((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "),
    );
    expect(lines.length).toBeGreaterThanOrEqual(10);
    for (const line of lines) {
      expect(secrets.filter((secret) => line.includes(secret))).toEqual([]);
      expect(line).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
    }
  });

  it("keeps secrets in files that only their owner reads, and writes none into a log", () => {
    expect(statSync(stack.dataDir).mode & 0o077).toBe(0);
    const entries = readdirSync(stack.dataDir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const holders = files
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => {
        const text = readFileSync(path, "latin1");
        return secrets.some((secret) => text.includes(secret));
      })
      .map((path) => path.slice(stack.dataDir.length + 1));
    expect(holders).toEqual(
      expect.arrayContaining(["local.json", "redis/redis.conf", "secrets.json"]),
    );
    for (const path of holders) {
      expect(path).not.toMatch(/^logs\//);
      expect(statSync(join(stack.dataDir, path)).mode & 0o077, path).toBe(0);
    }
  });
});

function describeSocket({ pid, address, port }: { pid: number; address: string; port: number }) {
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  return `${address} ${port} of ${command.slice(0, 200)}`;
}
