import { z } from "zod";
import type { JsonSchema } from "./document-types.ts";

/** Turns zod schemas into JSON Schema. Those with an `id` are collected, and referred to by it. */
export type SchemaCollector = {
  readonly toSchema: (schema: z.ZodType) => JsonSchema;
  readonly collected: Readonly<Record<string, JsonSchema>>;
};

export function createSchemaCollector(): SchemaCollector {
  const collected: Record<string, JsonSchema> = {};
  return {
    collected,
    toSchema(schema) {
      const { $schema, $defs, ...rest } = withComponentRefs(
        z.toJSONSchema(schema, {
          // What a client may send; for answers it is also what leaves them open to new members.
          io: "input",
          unrepresentable: "any",
          override: ({ jsonSchema }) => {
            // Every whole number in JSON is safe: saying so of each is noise.
            if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
            if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
          },
        }),
      );
      Object.assign(collected, $defs);
      return rest;
    },
  };
}

function withComponentRefs(schema: JsonSchema): JsonSchema {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as JsonSchema;
}
