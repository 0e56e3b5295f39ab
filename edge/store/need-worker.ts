import { ProblemError } from "../http/problem.ts";

/** @throws {ProblemError} `store-unavailable`, saying `why`, where the edge is not given a worker. */
export function needWorker<Worker>(worker: Worker | undefined, why: string): Worker {
  if (worker !== undefined) return worker;
  throw new ProblemError("store-unavailable", {
    detail: `${why}, and this edge is not given its address (WORKER_URL, WORKER_TOKEN)`,
    headers: { "retry-after": "60" },
  });
}
