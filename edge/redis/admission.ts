import { SEEN_WINDOW_SECONDS } from "../../contract/limits.ts";
import {
  isAllowed,
  type LimitState,
  type ProjectLimits,
  type RateLimitDecision,
  windowSecondsOf,
} from "../limits/rate-limit.ts";

/** What ADMISSION_SCRIPT answered. */
export type Admission = {
  readonly decision: RateLimitDecision;
  /** Of the events that were remembered, as they stood in the request. */
  readonly seenPositions: readonly number[];
};

const DAY_SECONDS = 86_400;

/** The arguments of ADMISSION_SCRIPT. */
export function admissionArgs(limits: ProjectLimits, eventCount: number): number[] {
  const { events, requests, eventsPerDay = 0, requestsPerDay = 0 } = limits;
  return [
    events.perSecond,
    events.burst,
    requests.perSecond,
    requests.burst,
    eventsPerDay,
    requestsPerDay,
    eventCount,
    SEEN_WINDOW_SECONDS,
  ];
}

/** @throws when something other than our script has answered: taken at its word, it might refuse a project for ever. */
export function readAdmission(answer: unknown, limits: ProjectLimits): Admission {
  if (!isNumbers(answer) || answer.length < 8) {
    throw new TypeError(`Cannot read admission: ${JSON.stringify(answer)?.slice(0, 100)}`);
  }
  const [refused = 0, eventsLeft = 0, eventsResetMs = 0, requestsLeft = 0, ...more] = answer;
  const [requestsResetMs = 0, eventsToday = 0, requestsToday = 0, dayMs = 0, ...positions] = more;
  const { events, requests, eventsPerDay, requestsPerDay } = limits;
  const decision: LimitState[] = [
    {
      name: "events",
      unit: "events",
      quota: events.burst,
      windowSeconds: windowSecondsOf(events),
      remaining: eventsLeft,
      resetMs: eventsResetMs,
      isExceeded: (refused & 1) !== 0,
    },
    {
      name: "requests",
      unit: "requests",
      quota: requests.burst,
      windowSeconds: windowSecondsOf(requests),
      remaining: requestsLeft,
      resetMs: requestsResetMs,
      isExceeded: (refused & 2) !== 0,
    },
  ];
  const daily = { windowSeconds: DAY_SECONDS, resetMs: dayMs };
  if (eventsPerDay !== undefined) {
    const isExceeded = (refused & 4) !== 0;
    const own = { quota: eventsPerDay, remaining: eventsToday, isExceeded };
    decision.push({ name: "events-per-day", unit: "events", ...daily, ...own });
  }
  if (requestsPerDay !== undefined) {
    const isExceeded = (refused & 8) !== 0;
    const own = { quota: requestsPerDay, remaining: requestsToday, isExceeded };
    decision.push({ name: "requests-per-day", unit: "requests", ...daily, ...own });
  }
  if (isAllowed(decision) !== (refused === 0)) {
    throw new TypeError(`Cannot read admission: refused by ${refused}`);
  }
  return { decision, seenPositions: positions };
}

export function isNumbers(answer: unknown): answer is number[] {
  return Array.isArray(answer) && answer.every((part) => Number.isInteger(part));
}
