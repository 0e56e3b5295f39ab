import { StatsQueryError } from "../../contract/query-parts.ts";
import { ProblemError } from "./problem.ts";

/** Turns what is wrong with a question into the problem that tells the client. */
export function orInvalidQuery<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof StatsQueryError)) throw error;
    throw new ProblemError("invalid-query", { errors: [...error.faults] });
  }
}
