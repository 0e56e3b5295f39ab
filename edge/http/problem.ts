import { PROBLEMS, type Problem, type ProblemSlug } from "../../contract/problem.ts";
import { redact } from "../../contract/redact.ts";

export type ProblemOptions = {
  readonly detail?: string;
  readonly errors?: Problem["errors"];
  /** Extension members (RFC 9457 §3.2). */
  readonly extensions?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly cause?: unknown;
};

/** Thrown anywhere in a request; `onError` answers it as `application/problem+json`. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly slug: ProblemSlug;
  readonly options: ProblemOptions;

  constructor(slug: ProblemSlug, options: ProblemOptions = {}) {
    super(options.detail ?? PROBLEMS[slug].title, { cause: options.cause });
    this.slug = slug;
    this.options = options;
  }
}

/** Whatever it quotes of the request is redacted: people paste answers where they would paste no key. */
export function problemResponse(slug: ProblemSlug, options: ProblemOptions, requestId: string) {
  const { status, title } = PROBLEMS[slug];
  const { detail, errors, extensions, headers } = options;
  const problem: Problem = {
    type: `/problems/${slug}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    instance: requestId,
    ...(errors === undefined ? {} : { errors }),
  };
  return new Response(redact(JSON.stringify({ ...problem, ...extensions })), {
    status,
    headers: {
      ...headers,
      "content-type": "application/problem+json",
      "x-request-id": requestId,
    },
  });
}
