import type { Redis } from "@upstash/redis/cloudflare";
import { isNumbers } from "../redis/admission.ts";
import type { RedisCircuit } from "../redis/redis-circuit.ts";
import { runRedisScript } from "../redis/redis-script.ts";
import { QUERY_SCRIPT } from "./query-script.ts";
import { type LimitsOf, type RateLimitDecision, windowSecondsOf } from "./rate-limit.ts";

/** What each project may still ask of the store. */
export type QueryBudget = {
  /** Takes a question's units. Undefined when Redis did not answer: the question is not limited. Never rejects. */
  spend(projectId: string, units: number): Promise<RateLimitDecision | undefined>;
};

export type RedisBudgetOptions = {
  readonly redis: Redis;
  readonly circuit: RedisCircuit;
  /** Of the client's requests. */
  readonly timeoutMs: number;
  readonly limitsOf: LimitsOf;
};

export function createRedisBudget(options: RedisBudgetOptions): QueryBudget {
  const { redis, circuit, timeoutMs, limitsOf } = options;
  return {
    async spend(projectId, units) {
      const { queryUnits } = limitsOf(projectId);
      const keys = [`queries:${projectId}`];
      const args = [queryUnits.perSecond, queryUnits.burst, units].map(String);
      try {
        const [refused, remaining, resetMs] = await circuit.call(async () =>
          readSpending(
            await runRedisScript(redis, { script: QUERY_SCRIPT, keys, args, timeoutMs }),
          ),
        );
        const windowSeconds = windowSecondsOf(queryUnits);
        const quota = queryUnits.burst;
        const isExceeded = refused === 1;
        const unit = "query-units";
        return [{ name: "queries", unit, quota, windowSeconds, remaining, resetMs, isExceeded }];
      } catch {
        return undefined;
      }
    },
  };
}

/** @throws when something other than our script has answered. */
function readSpending(answer: unknown): [number, number, number] {
  if (isNumbers(answer) && answer.length === 3) return answer as [number, number, number];
  throw new TypeError(`Cannot read query budget: ${JSON.stringify(answer)?.slice(0, 100)}`);
}
