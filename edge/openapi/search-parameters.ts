import { FILTER_OPS, MAX_FILTERS } from "../../contract/property-filter.ts";
import type { JsonSchema, Parameter } from "./document-types.ts";

/** The members of a question as a URL's parameters, but for those that the path says. */
export function searchParameters(query: JsonSchema, fixed: readonly string[]): Parameter[] {
  const required = new Set((query.required as string[] | undefined) ?? []);
  return Object.entries(query.properties as Record<string, JsonSchema>)
    .filter(([name]) => !fixed.includes(name))
    .flatMap(([name, schema]) => IN_A_URL[name] ?? [toParameter(name, schema, required.has(name))]);
}

function toParameter(
  name: string,
  { description, example, ...schema }: JsonSchema,
  required: boolean,
): Parameter {
  return {
    name,
    in: "query",
    required,
    ...(typeof description === "string" ? { description } : {}),
    schema,
    ...(example === undefined ? {} : { example }),
  };
}

const FILTERS = {
  in: "query",
  required: false,
  explode: true,
  schema: { type: "array", items: { type: "string" }, maxItems: MAX_FILTERS },
} as const;

/** Lists are written otherwise in a URL than in JSON. */
const IN_A_URL: Readonly<Record<string, readonly Parameter[]>> = {
  filters: [
    {
      ...FILTERS,
      name: "filter",
      description: `\`properties.<key>:<op>:<value>\`, as often as needed; an event must pass all. Operators: ${FILTER_OPS.join(", ")}`,
      example: ["properties.plan:eq:pro"],
    },
  ],
  steps: [
    {
      name: "steps",
      in: "query",
      required: true,
      description: "Event types with commas between them, in the order in which a user takes them",
      schema: { type: "string" },
      example: "visit,signup,purchase",
    },
    {
      ...FILTERS,
      name: "step_filter",
      description: "`<step>:properties.<key>:<op>:<value>`, as often as needed; steps count from 1",
      example: ["3:properties.amount:gte:10"],
    },
  ],
};
