import type { LimitCounters } from "./limit-counters.ts";
import type { LocalLimits } from "./local-limits.ts";
import type { QueryBudget } from "./query-budget.ts";
import { isAllowed, type LimitsOf, rateLimitHeaders } from "./rate-limit.ts";
import { limitExceeded, RateLimitError } from "./rate-limit-error.ts";

/** Stands before everything that reaches a store to read from it. */
export type QueryLimiter = {
  /**
   * Asks, if the project may. With the headers that tell what is left to it.
   * @throws {RateLimitError} before anything is asked
   */
  run<Answer>(
    projectId: string,
    units: number,
    ask: () => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly headers: Record<string, string> }>;
};

export type QueryLimiterOptions = {
  readonly budget: QueryBudget;
  readonly limitsOf: LimitsOf;
  readonly localLimits: LocalLimits;
  readonly counters: Pick<LimitCounters, "countUnchecked">;
  readonly now: () => number;
};

/**
 * Longer than a question takes whose client waits for it. A question counts as answered then whatever became of it: a request that is
 * cut off never says.
 */
const LONGEST_QUESTION_MS = 30_000;

export function createQueryLimiter(options: QueryLimiterOptions): QueryLimiter {
  const { budget, limitsOf, localLimits, counters, now } = options;
  /** When each question that is at the store was asked, by project. */
  const running = new Map<string, Set<{ readonly sinceMs: number }>>();

  return {
    async run(projectId, units, ask) {
      const leave = enter(projectId);
      try {
        const spent = await budget.spend(projectId, units);
        const decision = spent ?? localLimits.takeUnits(projectId, limitsOf(projectId), units);
        if (!isAllowed(decision)) {
          throw limitExceeded(decision, `this question takes ${units}: ask again later`);
        }
        if (spent === undefined) counters.countUnchecked("queries");
        const headers = spent === undefined ? {} : rateLimitHeaders(spent);
        return { answer: await ask(), headers };
      } finally {
        leave();
      }
    },
  };

  function enter(projectId: string): () => void {
    const questions = running.get(projectId) ?? new Set();
    for (const question of questions) {
      if (now() - question.sinceMs < LONGEST_QUESTION_MS) break;
      questions.delete(question);
    }
    const { concurrentQueries } = limitsOf(projectId);
    if (questions.size >= concurrentQueries) throw tooManyAtOnce(concurrentQueries);
    const question = { sinceMs: now() };
    running.set(projectId, questions.add(question));
    return () => {
      questions.delete(question);
      if (questions.size === 0 && running.get(projectId) === questions) running.delete(projectId);
    };
  }
}

function tooManyAtOnce(limit: number): RateLimitError {
  return new RateLimitError("rate-limited", ["concurrent-queries"], 1, {
    detail: `The project asks ${limit} questions at once already: ask again when one of them is answered`,
  });
}
