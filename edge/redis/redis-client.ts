import { Redis } from "@upstash/redis/cloudflare";

export type RedisOptions = {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
};

/** Every call is one request, which rejects when it takes longer than `timeoutMs`. */
export function createRedisClient({ url, token, timeoutMs }: RedisOptions): Redis {
  return new Redis({
    url,
    token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    retry: { retries: 0 },
    // A function: with one aborted signal for all calls the client answers a made-up 200.
    signal: () => AbortSignal.timeout(timeoutMs),
  });
}
