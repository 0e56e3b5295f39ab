import type { KeyScope } from "../../contract/key.ts";
import { readClaims } from "../../contract/key.ts";
import { resourceUrl } from "../target.ts";
import type { Access, GivenKey } from "./access.ts";
import { type Answer, valueIn } from "./answer.ts";
import { askHttp, type HttpQuestion, type HttpReply } from "./ask-http.ts";
import type { ClockReading } from "./clock.ts";

export type EdgeFacts = {
  readonly url: URL;
  readonly health: Answer<HttpReply>;
  readonly readiness: Answer<HttpReply>;
  /** Undefined without a token. */
  readonly metrics: Answer<HttpReply> | undefined;
  readonly keys: readonly KeyFacts[];
};

export type KeyFacts = GivenKey & {
  /** Undefined for a text that does not even name its scope. */
  readonly scope: KeyScope | undefined;
  /** To a question that the key is for, which changes nothing; undefined where none was put. */
  readonly answer: Answer<HttpReply> | undefined;
};

const TIMEOUT_MS = 2_500;
/** The edge waits 2 s for each part behind it, all at once; for its metrics it then asks its publishers as long. */
const READINESS_TIMEOUT_MS = 4_000;
const METRICS_TIMEOUT_MS = 5_000;

export async function lookAtEdge(
  { url, metricsToken }: NonNullable<Access["edge"]>,
  keys: readonly GivenKey[],
): Promise<EdgeFacts> {
  const at = (path: string) => resourceUrl(url, path);
  const [health, readiness, metrics, ...answers] = await Promise.all([
    askHttp(at("healthz"), TIMEOUT_MS),
    askHttp(at("readyz"), READINESS_TIMEOUT_MS),
    metricsToken === undefined
      ? undefined
      : askHttp(at("metrics"), METRICS_TIMEOUT_MS, { token: metricsToken }),
    ...keys.map((key) => tryKey(url, key)),
  ]);
  return { url, health, readiness, metrics, keys: answers };
}

async function tryKey(url: URL, key: GivenKey): Promise<KeyFacts> {
  const scope = readClaims(key.text)?.scope;
  if (scope === undefined) return { ...key, scope, answer: undefined };
  const { path, question } = questionFor(scope, new Date());
  const answer = await askHttp(resourceUrl(url, path), READINESS_TIMEOUT_MS, {
    ...question,
    token: key.text,
  });
  return { ...key, scope, answer };
}

/** A cheap one. To post nothing is refused, but only after the key was accepted. */
function questionFor(scope: KeyScope, now: Date): { path: string; question: HttpQuestion } {
  if (scope === "w") return { path: "v1/events", question: { method: "POST", body: [] } };
  if (scope === "a") return { path: "v1/dead-letters?limit=1", question: {} };
  const day = now.toISOString().slice(0, 10);
  const nextDay = new Date(now.getTime() + 86_400_000).toISOString().slice(0, 10);
  return {
    path: `v1/stats/events?interval=total&from=${day}&to=${nextDay}`,
    question: { headers: { "cache-control": "no-cache" } },
  };
}

/** As its answers are dated, or, where nothing dates them, as old as its statistics say they are. */
export function clockOfEdge({ health, keys }: EdgeFacts): ClockReading | undefined {
  const dated = valueIn(health)?.clock;
  const reply = valueIn(keys.find(({ scope }) => scope === "r")?.answer);
  if (dated !== undefined || reply === undefined) return dated;
  const { as_of, lag_ms } = Object(reply.body.meta) as Record<string, unknown>;
  const nowMs = Date.parse(String(as_of)) + Number(lag_ms);
  if (Number.isNaN(nowMs)) return undefined;
  return { fromMs: nowMs, toMs: nowMs, sentMs: reply.sentMs, receivedMs: reply.receivedMs };
}
