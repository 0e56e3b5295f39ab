import type { ProblemSlug } from "../../contract/problem.ts";
import type { QueryFault } from "../../contract/query-parts.ts";

export type ProblemDetails = {
  readonly detail?: string;
  readonly errors?: readonly QueryFault[];
  /** The same request may succeed then. */
  readonly retryAfterSeconds?: number;
};

/** Ends a request with this answer. What it says reaches the asker: an error of the store stays in `cause`. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly slug: ProblemSlug;
  readonly details: ProblemDetails;

  constructor(slug: ProblemSlug, details: ProblemDetails & ErrorOptions = {}) {
    const { cause, ...shown } = details;
    super(shown.detail ?? slug, cause === undefined ? {} : { cause });
    this.slug = slug;
    this.details = shown;
  }
}
