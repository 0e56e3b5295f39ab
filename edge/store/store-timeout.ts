import { ProblemError } from "../http/problem.ts";

/** Says which part was slow and how long it was given. */
export function storeTimeout(
  part: "database" | "worker",
  timeoutMs: number,
  cause?: unknown,
): ProblemError {
  return new ProblemError("store-timeout", {
    detail: `The ${part} did not answer within ${timeoutMs / 1_000} s`,
    headers: { "retry-after": "5" },
    cause,
  });
}
