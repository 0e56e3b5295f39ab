import type { UnwrappedLetter } from "../../contract/dead-letter.ts";
import { PROJECT_ID_PATTERN } from "../../contract/project.ts";
import { isUuid } from "../../contract/uuid.ts";
import type { Call } from "./call.ts";
import { HttpProblem } from "./problem.ts";
import { sendJson } from "./send.ts";

export type DeadLetterDeps = {
  /** The newest dead letter of an event. Rejects when the stream cannot be asked. */
  readonly findDeadLetter: (
    projectId: string,
    eventId: string,
  ) => Promise<UnwrappedLetter | undefined>;
};

/** `GET /dead-letters/<project>/<event id>` */
export async function answerDeadLetter(call: Call, deps: DeadLetterDeps): Promise<void> {
  const [projectId = "", eventId = ""] = call.captured;
  if (!PROJECT_ID_PATTERN.test(projectId) || !isUuid(eventId)) throw new HttpProblem("not-found");
  const letter = await find(projectId, eventId, deps);
  if (letter === undefined) throw new HttpProblem("not-found");
  sendJson(call.response, 200, letter);
}

async function find(projectId: string, eventId: string, deps: DeadLetterDeps) {
  try {
    return await deps.findDeadLetter(projectId, eventId);
  } catch (cause) {
    throw new HttpProblem("store-unavailable", { retryAfterSeconds: 2, cause });
  }
}
