import { z } from "zod";

/** Every problem that a route can answer (RFC 9457). `type` is `/problems/<slug>`; docs/http-api.md describes each slug. */
export const PROBLEMS = {
  "malformed-body": { status: 400, title: "The body cannot be read" },
  unauthorized: { status: 401, title: "A valid key is required" },
  "wrong-scope": { status: 403, title: "The key does not permit this" },
  "not-found": { status: 404, title: "No such resource" },
  "method-not-allowed": { status: 405, title: "The resource does not support this method" },
  "request-timeout": { status: 408, title: "The request took too long to arrive" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "too-many-events": { status: 413, title: "The request holds too many events" },
  "unsupported-media-type": { status: 415, title: "The media type is not supported" },
  "empty-batch": { status: 422, title: "The request holds no event" },
  "all-events-rejected": { status: 422, title: "No event was accepted" },
  "invalid-query": { status: 422, title: "The query is not valid" },
  "invalid-header": { status: 422, title: "A request header is not valid" },
  "rate-limited": { status: 429, title: "The rate limit is exceeded" },
  "quota-exceeded": { status: 429, title: "The quota of the day is used up" },
  "internal-error": { status: 500, title: "Something went wrong on our side" },
  "stream-unavailable": { status: 503, title: "Events cannot be stored right now" },
  "store-unavailable": { status: 503, title: "Stored data cannot be read right now" },
  "not-ready": { status: 503, title: "A part of the system is not ready" },
  "store-timeout": { status: 504, title: "Stored data could not be read in time" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemSlug = keyof typeof PROBLEMS;

export const problemSchema = z
  .object({
    type: z.string().meta({ example: "/problems/invalid-query" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional().meta({ description: "The request id" }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: "One entry for each part of the request that is wrong" }),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details" });

export type Problem = z.infer<typeof problemSchema>;
