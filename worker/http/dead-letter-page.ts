import { type DeadLetterPage, MAX_PAGE_LETTERS } from "../../contract/dead-letter-page.ts";
import { PROJECT_ID_PATTERN } from "../../contract/project.ts";
import type { DeadLetterPageRequest } from "../list-dead-letters.ts";
import type { Call } from "./call.ts";
import { HttpProblem } from "./problem.ts";
import { sendJson } from "./send.ts";

export type DeadLetterPageDeps = {
  /** Newest first. Rejects when the stream cannot be asked. */
  readonly listDeadLetters: (
    projectId: string,
    request: DeadLetterPageRequest,
  ) => Promise<DeadLetterPage>;
};

/** `GET /dead-letters/<project>?limit=<letters>&before=<position>`; without `before` the newest. */
export async function answerDeadLetterPage(call: Call, deps: DeadLetterPageDeps): Promise<void> {
  const [projectId = ""] = call.captured;
  if (!PROJECT_ID_PATTERN.test(projectId)) throw new HttpProblem("not-found");
  const page = await list(projectId, parseRequest(call.request.url ?? ""), deps);
  sendJson(call.response, 200, page);
}

function parseRequest(url: string): DeadLetterPageRequest {
  const search = new URL(url, "http://worker").searchParams;
  const limit = Number(search.get("limit"));
  const before = search.has("before") ? Number(search.get("before")) : undefined;
  const isPosition = before === undefined || (Number.isSafeInteger(before) && before > 0);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_LETTERS && isPosition) {
    return { limit, before };
  }
  const detail = `limit must be a whole number from 1 to ${MAX_PAGE_LETTERS}, before a position`;
  throw new HttpProblem("invalid-query", { detail });
}

async function list(projectId: string, request: DeadLetterPageRequest, deps: DeadLetterPageDeps) {
  try {
    return await deps.listDeadLetters(projectId, request);
  } catch (cause) {
    throw new HttpProblem("store-unavailable", { retryAfterSeconds: 2, cause });
  }
}
