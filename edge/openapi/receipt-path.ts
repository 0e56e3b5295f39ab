import { receiptSchema } from "../../contract/receipt.ts";
import type { PathItem } from "./document-types.ts";
import { problemResponses } from "./problem-responses.ts";
import type { SchemaCollector } from "./schema-collector.ts";

const DESCRIPTION = `\`accepted\`: durable, and on its way to the store. \`stored\`: its row is committed, and here it is. \`dead\`: the
store cannot hold it; an admin key is told why. 404: no such event is stored, dead or lately accepted; the problem's \`as_of\` says up to when
accepted events are in the store. The edge remembers accepted events for a day, and as long as Redis does.`;

export function receiptPath(schemas: SchemaCollector): PathItem {
  return {
    get: {
      operationId: "getReceipt",
      summary: "What became of one event",
      description: DESCRIPTION,
      tags: ["Raw events"],
      security: [{ bearer: [] }, { keyParameter: [] }],
      parameters: [
        {
          name: "event_id",
          in: "path",
          required: true,
          schema: { type: "string", format: "uuid" },
        },
      ],
      responses: {
        "200": {
          description: "How far the event has come",
          content: { "application/json": { schema: schemas.toSchema(receiptSchema) } },
        },
        ...problemResponses(
          [
            "unauthorized",
            "wrong-scope",
            "not-found",
            "rate-limited",
            "store-unavailable",
            "store-timeout",
          ],
          schemas,
        ),
      },
    },
  };
}
