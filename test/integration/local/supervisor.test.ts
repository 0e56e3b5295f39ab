import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findFreePort, isPortFree } from "../../../local/free-port.ts";
import { processIdentity } from "../../../local/process-identity.ts";
import { poll } from "../../support/poll.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

interface Supervised {
  readonly child: ChildProcess;
  output(): string;
  /** Pids by part, once the stack is ready. */
  pids(): Promise<{ a: number; b: number }>;
}

let tempDir: TempDir;
let ports: [number, number];
const children: ChildProcess[] = [];

beforeEach(async () => {
  tempDir = await makeTempDir("supervisor");
  const first = await findFreePort();
  ports = [first, await findFreePort(new Set([first]))];
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child, "SIGTERM");
  await poll("free ports", areAllPortsFree);
  await tempDir.remove();
});

function startSupervised(): Supervised {
  const script = fileURLToPath(new URL("../../support/supervised.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, tempDir.path, ...ports.map(String)],
    { stdio: ["ignore", "pipe", "pipe", "ipc"] },
  );
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  return {
    child,
    output: () => output,
    pids: () =>
      poll("local.json", async () => {
        const { parts } = JSON.parse(await readFile(join(tempDir.path, "local.json"), "utf8"));
        return { a: parts.a.pid as number, b: parts.b.pid as number };
      }),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

async function childOf(port: number): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}`)).text());
}

async function areAllPortsFree(): Promise<boolean> {
  return (await isPortFree(ports[0])) && (await isPortFree(ports[1]));
}

function hasNone(pids: readonly number[]): boolean {
  return pids.every((pid) => processIdentity(pid) === undefined);
}

describe("runStack()", () => {
  it("restarts a part that was killed, with what it had started, and says so", async () => {
    const stack = startSupervised();
    const before = await stack.pids();
    const grandchild = await childOf(ports[1]);

    process.kill(before.b, "SIGKILL");

    const after = await poll("another pid", async () => {
      const now = await stack.pids();
      return now.b !== before.b && now;
    });
    await poll("the part to be ready", () => stack.output().includes("b is ready again"));
    expect(after.a).toBe(before.a);
    expect(stack.output()).toContain("b ended by SIGKILL; starting it again in 250 ms");
    expect(hasNone([before.b, grandchild])).toBe(true);
    expect(await childOf(ports[1])).not.toBe(grandchild);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "leaves no process, port or local.json behind at %s",
    async (signal) => {
      const stack = startSupervised();
      const { a, b } = await stack.pids();
      const all = [a, b, await childOf(ports[0]), await childOf(ports[1])];

      await end(stack.child, signal);

      expect(stack.child.exitCode).toBe(0);
      expect(hasNone(all)).toBe(true);
      expect(await areAllPortsFree()).toBe(true);
      expect(existsSync(join(tempDir.path, "local.json"))).toBe(false);
      expect(existsSync(join(tempDir.path, "local.pids"))).toBe(false);
    },
  );

  it("leaves nothing behind when it is killed, and the next start takes over", async () => {
    const first = startSupervised();
    const { a, b } = await first.pids();
    const all = [a, b, await childOf(ports[0]), await childOf(ports[1])];
    await end(first.child, "SIGKILL");

    const second = startSupervised();

    const again = await poll("new pids", async () => {
      const now = await second.pids();
      return now.a !== a && now;
    });
    expect(again.b).not.toBe(b);
    expect(hasNone(all)).toBe(true);
  });

  it("ends what is left over when its watchdog was killed with it", async () => {
    const first = startSupervised();
    const { a, b } = await first.pids();
    const list = JSON.parse(await readFile(join(tempDir.path, "local.pids"), "utf8"));
    // Stopped, it can not start another watchdog in between.
    first.child.kill("SIGSTOP");
    process.kill(list.watchdog.pid, "SIGKILL");
    await end(first.child, "SIGKILL");
    expect(hasNone([a])).toBe(false);

    const second = startSupervised();

    await poll("ready", () => second.output().includes("ready"));
    expect(second.output()).toContain(`ending a (pid ${a}), left over from an earlier start`);
    expect(hasNone([a, b])).toBe(true);
  });

  it("stops when the process that started it is gone", async () => {
    const stack = startSupervised();
    const { a, b } = await stack.pids();
    const ended = once(stack.child, "exit");

    stack.child.disconnect();

    await ended;
    expect(hasNone([a, b])).toBe(true);
  });

  it("refuses a data directory that another one uses, naming its pid", async () => {
    const first = startSupervised();
    await first.pids();

    const second = startSupervised();
    await once(second.child, "exit");

    expect(second.child.exitCode).toBe(1);
    expect(second.output()).toContain(
      `Cannot start: ${tempDir.path} is in use by another npm start (pid ${first.child.pid})`,
    );
    expect(existsSync(join(tempDir.path, "local.json"))).toBe(true);
  });

  it("fails with the end of the log of a part that can not start, and stops the others", async () => {
    const squatter = createServer((socket) => socket.destroy()).listen(ports[1], "127.0.0.1");
    await once(squatter, "listening");
    const stack = startSupervised();

    await once(stack.child, "close");

    squatter.close();
    await once(squatter, "close");
    expect(stack.child.exitCode).toBe(1);
    expect(stack.output()).toContain("Cannot start b: ended with code 1");
    expect(stack.output()).toContain("EADDRINUSE");
  });
});
