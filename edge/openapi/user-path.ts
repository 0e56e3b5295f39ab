import { erasureReceiptSchema } from "../../contract/erasure-receipt.ts";
import { MAX_TEXT_CHARACTERS } from "../../contract/limits.ts";
import type { Operation, Parameter } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";

export const USER_ID_PARAMETER: Parameter = {
  name: "user_id",
  in: "path",
  required: true,
  description: "Percent-encoded",
  schema: { type: "string", minLength: 1, maxLength: MAX_TEXT_CHARACTERS },
};

const DESCRIPTION = `Removes every event of the user that was received so far: from the hot and the cold tier, from what statistics are
made of, from dead letters, and what is still on its way. It may be repeated, also after an error. Events received later are new.`;

export function eraseUserOperation(schemas: SchemaCollector): Operation {
  return {
    operationId: "eraseUser",
    summary: "Erase a user",
    description: DESCRIPTION,
    tags: ["Administration"],
    security: [{ bearer: [] }, { keyParameter: [] }],
    parameters: [USER_ID_PARAMETER],
    responses: {
      "200": {
        description: "What was removed",
        content: { "application/json": { schema: schemas.toSchema(erasureReceiptSchema) } },
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
  };
}
