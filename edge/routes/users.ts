import { Hono } from "hono";
import type { ErasureReceipt } from "../../contract/erasure-receipt.ts";
import type { ErasureRequest } from "../../contract/store-api.ts";
import type { AppEnv } from "../app-env.ts";
import type { AnswerCache } from "../cache/answer-cache.ts";
import { LONGEST_LIFE_MS } from "../cache/cached-answer.ts";
import { userIdOf } from "../http/user-id-of.ts";
import { needWorker } from "../store/need-worker.ts";
import type { WorkerClient } from "../store/worker-client.ts";

export type ErasureDeps = {
  readonly worker: Pick<WorkerClient, "ask"> | undefined;
  readonly answers: AnswerCache;
  readonly now: () => number;
};

/** Files of the cold tier may have to be written anew. */
const TIMEOUT_MS = 60_000;

/** `DELETE /v1/users/{user_id}`: erases a user's events. May be repeated. Behind `authenticate(["a"])`. */
export function erasureRoutes({ worker, answers, now }: ErasureDeps) {
  return new Hono<AppEnv>().delete("/:user_id", async (c) => {
    const { projectId: project_id } = c.var.key;
    const user_id = userIdOf(c.req.url);
    const request: ErasureRequest = { project_id, user_id };
    const asking = needWorker(worker, "Users are erased by the worker")
      .ask<Pick<ErasureReceipt, "erased_at" | "removed">>("/erase", request, TIMEOUT_MS)
      // Also when it fails: part of the user may be gone.
      .finally(() => answers.forget(project_id));
    // A client that hangs up does not stop an erasure half-way.
    c.executionCtx.waitUntil(asking.catch(() => {}));
    const { erased_at, removed } = await asking;
    const caches_until = new Date(now() + LONGEST_LIFE_MS).toISOString();
    const receipt: ErasureReceipt = { user_id, erased_at, removed, caches_until };
    return c.json(receipt, 200, { "cache-control": "no-store" });
  });
}
