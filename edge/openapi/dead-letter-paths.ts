import {
  deadLetterPageQuerySchema,
  shownLetterPageSchema,
  shownLetterSchema,
} from "../../contract/dead-letter-page.ts";
import type { ProblemSlug } from "../../contract/problem.ts";
import type { Operation, PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";
import { searchParameters } from "./search-parameters.ts";

const LIST = `Events that were accepted and that the store cannot hold, newest first. \`next_cursor\` asks for the page that follows;
letters that come meanwhile move no page. A page may hold fewer letters than asked for, and has a cursor while there are more.`;

export function deadLetterPaths(schemas: SchemaCollector): Record<string, PathItem> {
  const operation = (
    own: Pick<Operation, "operationId" | "summary" | "description" | "parameters">,
    schema: typeof shownLetterSchema | typeof shownLetterPageSchema,
    problem: ProblemSlug,
  ): PathItem => ({
    get: {
      ...own,
      tags: ["Administration"],
      security: [{ bearer: [] }, { keyParameter: [] }],
      responses: {
        "200": {
          description: "What the store refused, and why",
          content: { "application/json": { schema: schemas.toSchema(schema) } },
        },
        ...problemResponses(["unauthorized", "wrong-scope", problem, "store-unavailable"], schemas),
      },
    },
  });
  return {
    "/v1/dead-letters": operation(
      {
        operationId: "listDeadLetters",
        summary: "Dead letters",
        description: LIST,
        parameters: searchParameters(schemas.toSchema(deadLetterPageQuerySchema), []),
      },
      shownLetterPageSchema,
      "invalid-query",
    ),
    "/v1/dead-letters/{event_id}": operation(
      {
        operationId: "getDeadLetter",
        summary: "The newest dead letter of an event",
        parameters: [
          {
            name: "event_id",
            in: "path",
            required: true,
            schema: { type: "string", format: "uuid" },
          },
        ],
      },
      shownLetterSchema,
      "not-found",
    ),
  };
}
