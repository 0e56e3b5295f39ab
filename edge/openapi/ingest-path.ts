import type { z } from "zod";
import { submittedEventSchema } from "../../contract/event.ts";
import { ingestAnswerSchema } from "../../contract/ingest-answer.ts";
import { MAX_BODY_BYTES, MAX_EVENT_BYTES, MAX_EVENTS_PER_REQUEST } from "../../contract/limits.ts";
import type { Header, PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";

const DESCRIPTION = `The body is one event, an array of events, \`{"events":[…]}\`, or one event a line.

202 means that every event it counts as accepted is durable, also if it answers that all are duplicates. A 4xx means that nothing
was stored. After 429 or 503 send the same body again, when \`Retry-After\` says: what had been stored by then is a duplicate.

At most ${MAX_EVENTS_PER_REQUEST} events, ${MAX_BODY_BYTES / 1024 / 1024} MiB of body when decoded and ${MAX_EVENT_BYTES / 1024} KiB an event.
gzip is recognised by \`Content-Encoding: gzip\` or by its first bytes. Open to browsers on any page (CORS), without credentials.`;

export function ingestPath(schemas: SchemaCollector): PathItem {
  const event = schemas.toSchema(submittedEventSchema);
  const events = { type: "array", minItems: 1, maxItems: MAX_EVENTS_PER_REQUEST, items: event };
  const wrapped = {
    type: "object",
    properties: { events },
    required: ["events"],
    additionalProperties: false,
  };
  return {
    post: {
      operationId: "postEvents",
      summary: "Store events",
      description: DESCRIPTION,
      tags: ["Events"],
      security: [{ bearer: [] }, { keyParameter: [] }],
      parameters: [
        {
          name: "results",
          in: "query",
          description: "`all` lists every event in `results`, also those simply accepted",
          schema: { type: "string", enum: ["all"] },
        },
        {
          name: "wait",
          in: "query",
          description:
            '`stored` answers when the rows are committed, with `"stored":true`, or after 10 s with `"stored":false`: the events are durable either way',
          schema: { type: "string", enum: ["stored"] },
        },
        {
          name: "Idempotency-Key",
          in: "header",
          description:
            "Events without `event_id` get one made from it and their position, so that a retry with the same key is safe; they need `occurred_at` then",
          schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
        },
        {
          name: "Content-Encoding",
          in: "header",
          schema: { type: "string", enum: ["gzip", "identity"] },
        },
      ],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: { oneOf: [event, events, wrapped] },
            example: {
              events: [{ ...EXAMPLE, occurred_at: "2026-03-01T09:30:00Z" }],
            },
          },
          "application/x-ndjson": {
            schema: { type: "string", description: "One event a line" },
            example: `${JSON.stringify(EXAMPLE)}\n`,
          },
          "text/plain": {
            schema: {
              type: "string",
              description: "Either form, as `navigator.sendBeacon` sends it",
            },
            example: JSON.stringify(EXAMPLE),
          },
        },
      },
      responses: {
        "202": {
          description: "Every accepted event is durable",
          headers: ANSWER_HEADERS,
          content: {
            "application/json": {
              schema: schemas.toSchema(ingestAnswerSchema),
              example: EXAMPLE_ANSWER,
            },
          },
        },
        ...problemResponses(
          [
            "malformed-body",
            "request-timeout",
            "unauthorized",
            "wrong-scope",
            "body-too-large",
            "too-many-events",
            "unsupported-media-type",
            "empty-batch",
            "all-events-rejected",
            "invalid-query",
            "invalid-header",
            "rate-limited",
            "quota-exceeded",
            "stream-unavailable",
          ],
          schemas,
        ),
      },
    },
  };
}

const EXAMPLE = { event_type: "signup", user_id: "user-1", properties: { plan: "free" } };

const EXAMPLE_ANSWER: z.infer<typeof ingestAnswerSchema> = {
  accepted: 1,
  duplicate: 0,
  rejected: 1,
  results: [
    {
      index: 1,
      status: "rejected",
      code: "missing_field",
      pointer: "/user_id",
      detail: "user_id is missing",
    },
  ],
};

const ANSWER_HEADERS: Record<string, Header> = {
  "RateLimit-Policy": {
    description:
      "The project's limits in events and in requests, and its quotas of the day if it has any (IETF draft ratelimit-headers); absent while they cannot be read",
    schema: { type: "string" },
  },
  RateLimit: {
    description: "What remains of each, and the seconds until it is whole again",
    schema: { type: "string" },
  },
  "Sluice-Degraded": {
    description:
      "`redis`: Redis did not answer, so the events were neither limited nor looked up. They are durable; one sent twice is still stored once",
    schema: { type: "string", enum: ["redis"] },
  },
};
