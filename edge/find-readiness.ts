import type { RequestOrigin } from "./http/request-origin.ts";
import type { EventPublisher, PublisherReport } from "./publish/event-publisher.ts";
import { judgeReadiness, type PartState, type Readiness } from "./readiness.ts";

export type HealthDeps = {
  readonly publisher: Pick<EventPublisher, "ping" | "reports">;
  /** Rejects while Redis does not answer, or is left alone since it did not. */
  readonly pingRedis: () => Promise<unknown>;
  /** Rejects when the database, or what else the edge reads from, does not answer. */
  readonly pingDatabase: () => Promise<unknown>;
};

const CHECK_TIMEOUT_MS = 2_000;

/** Asks every part behind the edge at once, as seen from one region. Never rejects. */
export async function findReadiness(
  deps: HealthDeps,
  origin: RequestOrigin,
): Promise<{ readonly readiness: Readiness; readonly publishers: readonly PublisherReport[] }> {
  const [redis, stream, database, publishers] = await Promise.all([
    stateOf(deps.pingRedis()),
    stateOf(deps.publisher.ping(origin)),
    stateOf(deps.pingDatabase()),
    deps.publisher.reports(origin),
  ]);
  return { readiness: judgeReadiness({ redis, stream, database, publishers }), publishers };
}

async function stateOf(answer: Promise<unknown>): Promise<PartState> {
  const timeout = Promise.withResolvers<"no answer">();
  const timer = setTimeout(() => timeout.resolve("no answer"), CHECK_TIMEOUT_MS);
  const state = await Promise.race([
    answer.then(
      () => "ok" as const,
      () => "failed" as const,
    ),
    timeout.promise,
  ]);
  clearTimeout(timer);
  return state;
}
