import { nameSchema } from "../../contract/query-parts.ts";
import { ProblemError } from "./problem.ts";

/**
 * The user's id in a path `/v1/users/{user_id}…`, where it is percent-encoded and may hold any character. Read from the text: `URL` would
 * take a user "." for a step in the path.
 */
export function userIdOf(url: string): string {
  const [, path = ""] = /^[a-z]+:\/\/[^/?#]*([^?#]*)/.exec(url) ?? [];
  const [, , , segment = ""] = path.split("/");
  const result = nameSchema.safeParse(decode(segment));
  if (result.success) return result.data;
  throw invalid(result.error.issues.map(({ message }) => message).join("; "));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalid("is not percent-encoded UTF-8");
  }
}

function invalid(fault: string): ProblemError {
  return new ProblemError("invalid-query", {
    errors: [{ pointer: "/user_id", detail: `user_id ${fault}` }],
  });
}
