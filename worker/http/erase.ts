import { erasureRequestSchema } from "../../contract/store-api.ts";
import type { Engine } from "../engine.ts";
import type { HttpMetrics } from "../metrics/http-metrics.ts";
import type { Call } from "./call.ts";
import { readJson } from "./read-json.ts";
import { sendJson } from "./send.ts";
import { toHttpProblem } from "./store-failure.ts";

export type EraseDeps = {
  readonly engine: Pick<Engine, "name" | "eraseUser">;
  /** Removes the dead letters of a user's events, and says how many. */
  readonly removeDeadLetters: (projectId: string, userId: string) => Promise<number>;
  readonly metrics: Pick<HttpMetrics, "erased" | "erasureFailed">;
};

/**
 * `POST /erase`: removes a user. Repeating it removes what has come since. The store goes first: from then on nothing that was received
 * before becomes a row any more.
 */
export async function answerErase({ request, response }: Call, deps: EraseDeps): Promise<void> {
  const { project_id: projectId, user_id: userId } = await readJson(request, erasureRequestSchema);
  try {
    const { erased_at, removed } = await deps.engine.eraseUser(projectId, userId);
    const deadLetters = await deps.removeDeadLetters(projectId, userId);
    const all = { ...removed, dead_letters: deadLetters };
    deps.metrics.erased(Object.values(all).reduce((sum, events) => sum + events, 0));
    sendJson(response, 200, { erased_at, removed: all });
  } catch (error) {
    deps.metrics.erasureFailed();
    throw toHttpProblem(error, deps.engine);
  }
}
