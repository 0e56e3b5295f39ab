import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findFreePort } from "../../../local/free-port.ts";
import { choosePorts } from "../../../local/ports.ts";
import { makeTempDir, type TempDir } from "../../support/temp-dir.ts";

let tempDir: TempDir;
let port: string;

beforeEach(async () => {
  tempDir = await makeTempDir("ports");
  port = String(await findFreePort());
});
afterEach(() => tempDir.remove());

describe("choosePorts()", () => {
  it("gives each part another port, and the same ones next time", async () => {
    const ports = await choosePorts(tempDir.path, { PORT: port });
    expect(ports.edge).toBe(Number(port));
    expect(new Set(Object.values(ports)).size).toBe(Object.keys(ports).length);
    expect(await choosePorts(tempDir.path, { PORT: port })).toEqual(ports);
  });

  it("goes around a remembered port that is in use", async () => {
    const ports = await choosePorts(tempDir.path, { PORT: port });
    const squatter = createServer().listen(ports.redis, "127.0.0.1");
    await once(squatter, "listening");
    const { redis, ...others } = await choosePorts(tempDir.path, { PORT: port });
    squatter.close();
    expect(redis).not.toBe(ports.redis);
    expect({ ...others, redis: ports.redis }).toEqual(ports);
  });

  it("names port and variable when a wanted port is in use", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const used = (squatter.address() as AddressInfo).port;
    const choice = choosePorts(tempDir.path, { PORT: port, NATS_PORT: String(used) });
    await expect(choice).rejects.toThrow(
      `Cannot start: port ${used} on 127.0.0.1 is in use by another program: set NATS_PORT to a free one`,
    );
    squatter.close();
  });

  it.each(["0", "65536", "x", "1.5"])("refuses PORT=%s", async (value) => {
    await expect(choosePorts(tempDir.path, { PORT: value })).rejects.toThrow(
      `Cannot start: PORT is "${value}", not a port between 1 and 65535`,
    );
  });
});
