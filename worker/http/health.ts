import type { Readiness } from "../readiness.ts";
import type { Call } from "./call.ts";
import { sendJson } from "./send.ts";

export type HealthDeps = { readonly checkReadiness: () => Promise<Readiness> };

/** `GET /healthz`: the process runs. */
export async function answerHealth({ response }: Call): Promise<void> {
  sendJson(response, 200, { status: "ok" });
}

/** `GET /readyz`: every part behind it answers. */
export async function answerReadiness({ response }: Call, deps: HealthDeps): Promise<void> {
  const parts = await deps.checkReadiness();
  const isReady = Object.values(parts).every((part) => part.ok);
  const status = isReady ? "ready" : "not-ready";
  sendJson(response, isReady ? 200 : 503, { status, parts });
}
