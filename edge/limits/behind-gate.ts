import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { ProblemError } from "../http/problem.ts";
import { keyTextOf } from "../keys/authenticate.ts";
import type { CoarseGate } from "./coarse-gate.ts";

/** Authenticates between the two halves of the coarse gate: whose keys were refused too often, and what a project sends too much of. */
export function behindGate(
  authenticate: MiddlewareHandler<AppEnv>,
  { gate }: { readonly gate: CoarseGate },
) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const address = c.req.header("cf-connecting-ip");
    const key = keyTextOf(c);
    if (key !== undefined) gate.admitKey(address, key);
    try {
      await authenticate(c, async () => {});
    } catch (error) {
      const isGuess = error instanceof ProblemError && error.slug === "unauthorized";
      if (isGuess && key !== undefined) await gate.refused(address);
      throw error;
    }
    if (key !== undefined) gate.accepted(key);
    await gate.enter(c.var.key.projectId);
    await next();
  });
}
