import type { Readiness } from "../readiness.ts";
import { isAuthorized } from "./authorize.ts";
import type { Call } from "./call.ts";
import { sendJson } from "./send.ts";

export type HealthDeps = {
  readonly checkReadiness: () => Promise<Readiness>;
  readonly token: string | undefined;
};

/** `GET /healthz`: the process runs. */
export async function answerHealth({ response }: Call): Promise<void> {
  sendJson(response, 200, { status: "ok" });
}

/** `GET /readyz`: every part behind it answers. What an error says, addresses and users, is for whoever has the token. */
export async function answerReadiness(
  { request, response }: Call,
  { checkReadiness, token }: HealthDeps,
): Promise<void> {
  const parts = await checkReadiness();
  const isReady = Object.values(parts).every((part) => part.ok);
  const status = isReady ? "ready" : "not-ready";
  const shown = isAuthorized(request, token) ? parts : withoutErrors(parts);
  sendJson(response, isReady ? 200 : 503, { status, parts: shown });
}

function withoutErrors(parts: Readiness): Readiness {
  return Object.fromEntries(
    Object.entries(parts).map(([name, { error: _, ...part }]) => [name, part]),
  );
}
