import { eventPageQuerySchema, eventPageSchema } from "../../contract/event-page.ts";
import { statsMetaSchema } from "../../contract/stats-answer.ts";
import type { Operation } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";
import { searchParameters } from "./search-parameters.ts";
import { USER_ID_PARAMETER } from "./user-path.ts";

const PAGING =
  "Newest first, those of one time by their id. `next_cursor` asks for the page that follows; events that arrive meanwhile move no page.";

/** `GET /v1/events` and `GET /v1/users/{user_id}/events`. */
export function eventPageOperations(schemas: SchemaCollector): {
  readonly events: Operation;
  readonly userEvents: Operation;
} {
  const operation = (
    own: Pick<Operation, "operationId" | "summary">,
    fixed: readonly string[],
  ): Operation => ({
    ...own,
    description: PAGING,
    tags: ["Raw events"],
    security: [{ bearer: [] }, { keyParameter: [] }],
    parameters: [
      ...(fixed.includes("user_id") ? [USER_ID_PARAMETER] : []),
      ...searchParameters(schemas.toSchema(eventPageQuerySchema), fixed),
    ],
    responses: {
      "200": {
        description: "A page, and how fresh it is",
        content: { "application/json": { schema: schemas.toSchema(answerSchema) } },
      },
      ...problemResponses(
        [
          "unauthorized",
          "wrong-scope",
          "invalid-query",
          "rate-limited",
          "store-unavailable",
          "store-timeout",
        ],
        schemas,
      ),
    },
  });
  return {
    events: operation({ operationId: "listEvents", summary: "Raw events" }, []),
    userEvents: operation({ operationId: "listUserEvents", summary: "One user's timeline" }, [
      "user_id",
    ]),
  };
}

const answerSchema = eventPageSchema
  .extend({ meta: statsMetaSchema.omit({ query: true, cache: true }).meta({ id: "PageMeta" }) })
  .meta({ id: "EventPageAnswer" });
