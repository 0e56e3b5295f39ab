import { setTimeout as delay } from "node:timers/promises";
import type { HttpAnswer } from "../http/http-answer.ts";
import type { HttpClient } from "../http/http-client.ts";
import { judgeExchange } from "../http/judge-exchange.ts";
import type { EdgePlan } from "./edge-plan.ts";
import type { FuzzProject } from "./fuzz-project.ts";
import type { Ledger } from "./ledger.ts";
import { type RenderedPlan, renderPlan } from "./render-plan.ts";

/** One of the two projects that are fuzzed at once. */
export type Side = { readonly project: FuzzProject; readonly ledger: Ledger };

export type Sending = {
  readonly client: HttpClient;
  readonly sides: readonly [Side, Side];
  /** Texts that must be in no answer at all. */
  readonly secrets: readonly string[];
  /** Told of each answer. */
  readonly onOutcome: (outcome: string) => void;
};

const TIMEOUT_MS = 30_000;
/** 503 and 504 say: ask again. One that is still said after so many attempts has another reason than being busy. */
const ATTEMPTS = 6;
const PAUSE_MS = 400;

export type Sent = RenderedPlan & {
  /** What is wrong with how it was answered; undefined when nothing is. */
  readonly fault: string | undefined;
  readonly answer: HttpAnswer | undefined;
};

/** Sends a request, again if it is asked to. */
export async function sendPlan(plan: EdgePlan, sending: Sending): Promise<Sent> {
  const { project, ledger } = sending.sides[plan.tenant];
  const rendered = renderPlan(plan, project);
  const sent = Buffer.concat(rendered.wire.parts.map(({ bytes }) => bytes)).toString();
  for (let attempt = 1; ; attempt += 1) {
    const exchange = await sending.client.exchange(rendered.wire, TIMEOUT_MS);
    const [answer] = exchange.answers;
    ledger.note(rendered.ids, answer, describePlan(plan));
    sending.onOutcome(answer === undefined ? exchange.end : String(answer.status));
    const fault =
      judgeExchange({
        exchange,
        method: plan.httpCase === undefined ? plan.method : "GET",
        sent: `${sent} ${decodeLoosely(sent)}`,
        isBroken: rendered.isBroken,
        secrets: sending.secrets,
      }) ?? judgeTenancy(plan, rendered, answer, sending);
    const isBusy = answer?.status === 503 || answer?.status === 504;
    if (fault !== undefined || !isBusy) return { ...rendered, fault, answer };
    if (attempt === ATTEMPTS) {
      return { ...rendered, fault: `${answer.status} ${attempt} times: ${answer.body}`, answer };
    }
    await delay(PAUSE_MS * attempt);
  }
}

/** Whether somebody was let in who should not be, or told what is another's. */
function judgeTenancy(
  plan: EdgePlan,
  { isForged }: RenderedPlan,
  answer: HttpAnswer | undefined,
  { sides }: Sending,
): string | undefined {
  if (answer === undefined) return undefined;
  const other = sides[plan.tenant === 0 ? 1 : 0].project;
  const text = answer.body.toString("latin1");
  if (text.includes(other.mark) || text.includes(other.id)) {
    return `${answer.status} tells what project ${other.id} sent`;
  }
  const isPrivate = plan.path.startsWith("/v1/") && plan.method !== "OPTIONS";
  return isForged && isPrivate && answer.status < 300
    ? `${answer.status} for a key that was changed`
    : undefined;
}

/** Names a request shortly, so that a million of them can be remembered. */
export function describePlan(plan: EdgePlan): string {
  return (
    plan.httpCase ?? `${plan.kind} ${JSON.stringify(plan.body?.text ?? plan.path).slice(0, 300)}`
  );
}

/** Percent-encoded text as the edge may quote it. */
function decodeLoosely(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    return Buffer.from(encoded.replaceAll("%", ""), "hex").toString();
  });
}
