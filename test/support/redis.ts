import { findFreePort } from "../../local/free-port.ts";
import { prepareRedis, redisUrl } from "../../local/redis-server.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface RedisService extends Service {
  readonly port: number;
  readonly url: string;
}

export async function startRedis(): Promise<RedisService> {
  const tempDir = await makeTempDir("redis");
  const port = await findFreePort();
  const service = await startService(await prepareRedis({ dataDir: tempDir.path, port }), tempDir);
  return { ...service, port, url: redisUrl(port) };
}
