import { StatsQueryError } from "../../contract/query-parts.ts";
import type { Engine } from "../engine.ts";
import { HttpProblem } from "./problem.ts";
import { QueueFullError } from "./work-queue.ts";

/** What the asker is told of a failure in the store: which engine, never what it said. */
export function toHttpProblem(error: unknown, engine: Pick<Engine, "name">): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof StatsQueryError) {
    return new HttpProblem("invalid-query", { errors: error.faults });
  }
  if (error instanceof QueueFullError) {
    const whose = error.isOwnFault ? "requests of this project" : "requests";
    const detail = `The worker answers as many ${whose} as it can at once`;
    return new HttpProblem("store-unavailable", { detail, retryAfterSeconds: 1, cause: error });
  }
  const detail = `${engine.name} cannot do it right now`;
  return new HttpProblem("store-unavailable", { detail, retryAfterSeconds: 2, cause: error });
}
