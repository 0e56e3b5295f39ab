import { Hono } from "hono";
import { RECEIPT_COST } from "../../contract/query-cost.ts";
import { isUuid } from "../../contract/uuid.ts";
import type { AppEnv } from "../app-env.ts";
import { findReceipt, type ReceiptDeps } from "../find-receipt.ts";
import { ProblemError } from "../http/problem.ts";
import type { QueryLimiter } from "../limits/query-limiter.ts";

/** `GET /v1/events/{event_id}`: what became of one event. Behind `authenticate(["r", "a"])`. */
export function receiptRoutes(deps: ReceiptDeps & { readonly queries: QueryLimiter }) {
  return new Hono<AppEnv>().get("/:event_id", async (c) => {
    const eventId = c.req.param("event_id").toLowerCase();
    if (!isUuid(eventId)) {
      throw new ProblemError("not-found", {
        detail: "No event has this id: an event_id is a UUID",
      });
    }
    const { key } = c.var;
    const find = () => findReceipt(key, eventId, deps);
    const { answer, headers } = await deps.queries.run(key.projectId, RECEIPT_COST, find);
    return c.json(answer, 200, { ...headers, "cache-control": "no-store", vary: "Authorization" });
  });
}
