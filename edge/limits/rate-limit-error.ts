import { ProblemError, type ProblemOptions } from "../http/problem.ts";
import {
  type LimitName,
  type LimitState,
  type RateLimitDecision,
  rateLimitHeaders,
  toSeconds,
} from "./rate-limit.ts";

/** A 429: it says which limit, and when the same request may be sent again. Nothing of the request was done. */
export class RateLimitError extends ProblemError {
  readonly limits: readonly LimitName[];

  constructor(
    slug: "rate-limited" | "quota-exceeded",
    limits: readonly LimitName[],
    retryAfterSeconds: number,
    { headers, ...options }: ProblemOptions,
  ) {
    super(slug, {
      ...options,
      headers: { ...headers, "retry-after": String(Math.max(1, retryAfterSeconds)) },
      // As the draft of the headers names it (§5).
      extensions: { "violated-policies": limits },
    });
    this.limits = limits;
  }
}

/** @param advice what the client should know and do, behind the name of the limit */
export function limitExceeded(decision: RateLimitDecision, advice: string): RateLimitError {
  const exceeded = decision.filter(({ isExceeded }) => isExceeded);
  const [first, ...others] = exceeded.toSorted((a, b) => b.resetMs - a.resetMs);
  if (first === undefined) throw new TypeError("Cannot refuse: no limit is exceeded");
  // The one that takes longest decides when to come again, and so what to say.
  const slug = isDaily(first) ? "quota-exceeded" : "rate-limited";
  const names = [first, ...others].map(({ name }) => name);
  return new RateLimitError(slug, names, toSeconds(first.resetMs), {
    detail: `${describe(first)}; ${advice}`,
    headers: rateLimitHeaders(decision),
  });
}

function describe(state: LimitState): string {
  const { quota, unit, windowSeconds } = state;
  const units = unit.replace("-", " ");
  return isDaily(state)
    ? `The project's quota of ${quota} ${units} a day is used up until midnight UTC`
    : `The project's limit of ${quota} ${units} in ${windowSeconds} s is exceeded`;
}

function isDaily({ name }: LimitState): boolean {
  return name === "events-per-day" || name === "requests-per-day";
}
