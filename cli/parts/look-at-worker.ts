import { resourceUrl } from "../target.ts";
import type { Access } from "./access.ts";
import type { Answer } from "./answer.ts";
import { askHttp, type HttpReply } from "./ask-http.ts";

export type WorkerFacts = {
  readonly url: URL;
  readonly health: Answer<HttpReply>;
  readonly readiness: Answer<HttpReply>;
  /** Undefined without a token. */
  readonly metrics: Answer<HttpReply> | undefined;
};

const TIMEOUT_MS = 2_500;
/** The worker waits 2 s for each part behind it, all at once. */
const READINESS_TIMEOUT_MS = 4_000;

export async function lookAtWorker({
  url,
  token,
}: NonNullable<Access["worker"]>): Promise<WorkerFacts> {
  const [health, readiness, metrics] = await Promise.all([
    askHttp(resourceUrl(url, "healthz"), TIMEOUT_MS),
    askHttp(resourceUrl(url, "readyz"), READINESS_TIMEOUT_MS, { token }),
    token === undefined
      ? undefined
      : askHttp(resourceUrl(url, "metrics"), READINESS_TIMEOUT_MS, { token }),
  ]);
  return { url, health, readiness, metrics };
}
