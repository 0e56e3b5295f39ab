import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { parseForeign } from "../../contract/parse-foreign.ts";
import { toFaults } from "../../contract/stats-search.ts";
import { HttpProblem } from "./problem.ts";

/** The largest question asks for 5,000 events by id and time. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * A request's JSON as the schema reads it.
 * @throws {HttpProblem} when the body is too large, is no JSON, or is not what the schema takes.
 */
export async function readJson<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const body = await readBody(request);
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new HttpProblem("malformed-body", { detail: "The body is not JSON", cause });
  }
  const result = parseForeign<z.output<Schema>>(schema as z.ZodType<z.output<Schema>>, value);
  if (result.success) return result.data;
  throw new HttpProblem("invalid-query", { errors: result.error.issues.flatMap(toFaults) });
}

/** Reads no further than the limit, whatever the length that was announced. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The answer goes out on the request's socket, so that leaving early must not destroy it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new HttpProblem("body-too-large", { detail: `At most ${MAX_BODY_BYTES} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
