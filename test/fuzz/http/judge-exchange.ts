import { PROBLEMS, problemSchema } from "../../../contract/problem.ts";
import { findInternals } from "./find-internals.ts";
import { type HttpAnswer, headerOf } from "./http-answer.ts";
import type { Exchange } from "./http-client.ts";
import { isRuntimeAnswer } from "./runtime-answers.ts";

export type Judged = {
  readonly exchange: Exchange;
  readonly method: string;
  /** All that was sent, as text in which to look for what is quoted. */
  readonly sent: string;
  /** It is no HTTP, or does not end as it says: the server may refuse it by itself, or close the connection without a word. */
  readonly isBroken: boolean;
  /** Texts that must be in no answer at all. */
  readonly secrets: readonly string[];
};

/** The first thing that is wrong with how a request was answered, whatever it was; undefined when nothing is. */
export function judgeExchange(judged: Judged): string | undefined {
  const { exchange, isBroken } = judged;
  switch (exchange.end) {
    case "timeout":
      return `no answer within ${Math.round(exchange.elapsedMs / 1_000)} s`;
    case "nonsense":
      return "the answer is no HTTP";
    case "reset":
    case "closed":
      if (exchange.answers.length === 0 && !isBroken) return "the connection ended without answer";
      break;
    case "kept":
    case "left":
      break;
  }
  for (const answer of exchange.answers) {
    const fault = judgeAnswer(answer, judged);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function judgeAnswer(answer: HttpAnswer, judged: Judged): string | undefined {
  const { method, sent, isBroken, secrets } = judged;
  if (isBroken && isRuntimeAnswer(answer)) return undefined;
  const text = answer.body.toString();
  const head = answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  const leak = findInternals(text, sent, secrets) ?? findInternals(head, sent, secrets);
  // A page of documentation speaks of the parts.
  if (leak !== undefined && answer.status >= 300) return `${answer.status} tells ${leak}`;
  if (secrets.some((secret) => text.includes(secret))) return `${answer.status} tells a secret`;
  return answer.status < 400 ? undefined : judgeProblem(answer, text, method);
}

/** 503 and 504 mean: ask again. Whoever judges decides whether it was worth it. */
function judgeProblem(answer: HttpAnswer, text: string, method: string): string | undefined {
  const { status, headers } = answer;
  if (status === 500) return `500 ${text.slice(0, 200)}`;
  if (headerOf(headers, "content-type") !== "application/problem+json") {
    return `${status} is ${headerOf(headers, "content-type")}, no problem: ${text.slice(0, 200)}`;
  }
  if ((status === 429 || status === 503) && headerOf(headers, "retry-after") === undefined) {
    return `${status} without Retry-After`;
  }
  return method === "HEAD" ? undefined : judgeProblemBody(status, text);
}

function judgeProblemBody(status: number, text: string): string | undefined {
  const problem = problemSchema.safeParse(parseJson(text)).data;
  if (problem === undefined) return `${status} has no problem in its body: ${text.slice(0, 200)}`;
  const slug = problem.type.replace("/problems/", "");
  if (!Object.hasOwn(PROBLEMS, slug)) return `${status} is of an unknown type: ${problem.type}`;
  const known = PROBLEMS[slug as keyof typeof PROBLEMS];
  return known.status === status && problem.status === status
    ? undefined
    : `${status} says that it is ${problem.type}, ${problem.status}`;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
