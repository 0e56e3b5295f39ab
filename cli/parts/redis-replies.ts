import type { ClockReading } from "./clock.ts";
import { REDIS_COMMANDS, type RedisReply } from "./look-at-redis.ts";

/** What the answers to {@link REDIS_COMMANDS} say. What a server keeps to itself is undefined: Upstash has no CONFIG. */
export type RedisReplies = {
  readonly pingError: string | undefined;
  readonly time: number | undefined;
  readonly version: string | undefined;
  readonly usedBytes: number | undefined;
  readonly maxBytes: number | undefined;
  readonly policy: string | undefined;
  readonly revokedType: string | undefined;
  readonly revoked: number | undefined;
  readonly scriptError: string | undefined;
};

/** Undefined for what is no answer to a pipeline. */
export function readReplies(body: unknown): RedisReplies | undefined {
  if (!Array.isArray(body) || body.length !== REDIS_COMMANDS.length) return undefined;
  const [ping, time, info, config, type, length, script] = body.map(
    (reply): RedisReply => Object(reply),
  );
  const facts = readInfo(info?.result);
  const [seconds, micros] = listOf(time?.result);
  const [, configured] = listOf(config?.result);
  return {
    pingError: ping?.result === "PONG" ? undefined : (ping?.error ?? "it does not answer PING"),
    time: seconds === undefined ? undefined : Number(seconds) * 1_000 + Number(micros) / 1_000,
    version: facts.get("redis_version"),
    usedBytes: numberOf(facts.get("used_memory")),
    maxBytes: numberOf(facts.get("maxmemory")),
    policy: configured ?? facts.get("maxmemory_policy"),
    revokedType: typeof type?.result === "string" ? type.result : undefined,
    revoked: typeof length?.result === "number" ? length.result : undefined,
    scriptError: script?.error,
  };
}

/** When Redis said its time. */
export function clockOf(
  replies: RedisReplies | undefined,
  { sentMs, receivedMs }: Pick<ClockReading, "sentMs" | "receivedMs">,
): ClockReading | undefined {
  if (replies?.time === undefined) return undefined;
  return { fromMs: replies.time, toMs: replies.time, sentMs, receivedMs };
}

/** `name:value` lines. */
function readInfo(text: unknown): ReadonlyMap<string, string> {
  const lines = typeof text === "string" ? text.split(/\r?\n/) : [];
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
