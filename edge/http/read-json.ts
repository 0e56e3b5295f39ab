import { hasRepeatedKey } from "./json-keys.ts";
import { ProblemError } from "./problem.ts";
import { readBody } from "./read-body.ts";

/** The JSON value of a request's body, of at most `maxBytes`. */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const mediaType = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new ProblemError("unsupported-media-type", {
      detail: `Content-Type "${(mediaType ?? "").slice(0, 64)}" is not supported: send application/json`,
    });
  }
  const bytes = await readBody(request, maxBytes);
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    const fault = cause instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    throw malformed(fault, cause);
  }
  if (hasRepeatedKey(text, value)) throw malformed("an object in it repeats a key");
  return value;
}

function malformed(reason: string, cause?: unknown): ProblemError {
  return new ProblemError("malformed-body", { detail: `Cannot read body: ${reason}`, cause });
}
