import { PROBLEMS, type ProblemSlug, problemSchema } from "../../contract/problem.ts";
import type { ResponseObject } from "./document-types.ts";
import type { SchemaCollector } from "./schema-collector.ts";

/** One response for each status among `slugs`, with each problem as an example. */
export function problemResponses(
  slugs: readonly ProblemSlug[],
  { toSchema }: SchemaCollector,
): Record<string, ResponseObject> {
  const bySlug = [...slugs, "internal-error" as const].map((slug) => ({ slug, ...PROBLEMS[slug] }));
  const byStatus = Map.groupBy(bySlug, ({ status }) => status);
  const responses = [...byStatus].map(([status, problems]) => {
    const response: ResponseObject = {
      description: problems.map(({ slug, title }) => `\`${slug}\`: ${title}`).join(". "),
      ...(status === 429 || status >= 503 ? { headers: { "Retry-After": RETRY_AFTER } } : {}),
      content: {
        "application/problem+json": {
          schema: toSchema(problemSchema),
          examples: Object.fromEntries(
            problems.map(({ slug, title }) => [
              slug,
              { value: { type: `/problems/${slug}`, title, status } },
            ]),
          ),
        },
      },
    };
    return [String(status), response] as const;
  });
  return Object.fromEntries(responses);
}

const RETRY_AFTER = {
  description: "Seconds until the same request may be sent again",
  schema: { type: "integer", minimum: 1 },
};
