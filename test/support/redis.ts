import { findFreePort } from "../../local/free-port.ts";
import { prepareRedis, redisUrl } from "../../local/redis-server.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

const PASSWORD = "password-of-redis";

export interface RedisService extends Service {
  readonly port: number;
  readonly url: string;
}

export async function startRedis(): Promise<RedisService> {
  const tempDir = await makeTempDir("redis");
  const port = await findFreePort();
  const part = await prepareRedis({ dataDir: tempDir.path, port, password: PASSWORD });
  const service = await startService(part, tempDir);
  return { ...service, port, url: redisUrl(port, PASSWORD) };
}
