import { Hono } from "hono";
import { isUuid } from "../../contract/uuid.ts";
import type { AppEnv } from "../app-env.ts";
import { findReceipt, type ReceiptDeps } from "../find-receipt.ts";
import { ProblemError } from "../problem.ts";

/** `GET /v1/events/{event_id}`: what became of one event. Behind `authenticate(["r", "a"])`. */
export function receiptRoutes(deps: ReceiptDeps) {
  return new Hono<AppEnv>().get("/:event_id", async (c) => {
    const eventId = c.req.param("event_id").toLowerCase();
    if (!isUuid(eventId)) {
      throw new ProblemError("not-found", {
        detail: "No event has this id: an event_id is a UUID",
      });
    }
    const receipt = await findReceipt(c.var.key, eventId, deps);
    return c.json(receipt, 200, { "cache-control": "no-store", vary: "Authorization" });
  });
}
