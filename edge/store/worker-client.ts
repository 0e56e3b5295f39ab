import type { Problem } from "../../contract/problem.ts";
import { toTraceHeaders } from "../../contract/trace/trace-context.ts";
import { ProblemError, type ProblemOptions } from "../http/problem.ts";
import type { Tracing } from "../trace/tracing.ts";
import { storeTimeout } from "./store-timeout.ts";

export type WorkerOptions = { readonly url: string; readonly token: string };

/**
 * The worker's HTTP API, `contract/store-api.ts`. Both reject with a `ProblemError`: what the worker says is wrong with the question,
 * or `store-timeout`, or `store-unavailable`.
 */
export interface WorkerClient {
  /** The JSON that it answers, whole within `timeoutMs`. */
  ask<Answer>(path: string, body: unknown, timeoutMs: number): Promise<Answer>;
  /** Its answer as soon as it begins, which must be within `timeoutMs`. `signal` ends it, also later. */
  open(path: string, body: unknown, timeoutMs: number, signal: AbortSignal): Promise<Response>;
}

/** The worker gives up by itself, and says what was slow: its answer must still arrive. */
const GRACE_MS = 500;
const RETRY_AFTER_SECONDS = "2";

export function createWorkerClient(
  { url, token }: WorkerOptions,
  tracing?: Pick<Tracing, "current">,
): WorkerClient {
  return {
    async ask<Answer>(path: string, body: unknown, timeoutMs: number) {
      const signal = AbortSignal.timeout(timeoutMs + GRACE_MS);
      try {
        const response = await post(path, body, signal);
        return (await response.json()) as Answer;
      } catch (cause) {
        throw toProblem(cause, signal, timeoutMs);
      }
    },

    async open(path, body, timeoutMs, signal) {
      // Not `AbortSignal.timeout`, which would end a long answer that has begun in time.
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), timeoutMs + GRACE_MS);
      try {
        return await post(path, body, AbortSignal.any([abort.signal, signal]));
      } catch (cause) {
        throw toProblem(cause, abort.signal, timeoutMs);
      } finally {
        clearTimeout(timer);
      }
    },
  };

  async function post(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const span = tracing?.current();
    const response = await fetch(new URL(path, url), {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        ...(span === undefined ? {} : toTraceHeaders(span.context)),
      },
      body: JSON.stringify(body),
      signal,
    });
    if (response.ok) return response;
    throw readProblem(response, await response.text());
  }
}

function toProblem(cause: unknown, timeout: AbortSignal, timeoutMs: number): ProblemError {
  if (cause instanceof ProblemError) return cause;
  if (timeout.aborted) return storeTimeout("worker", timeoutMs, cause);
  return unavailable(cause);
}

/** What of the worker's problems concerns the client: that it asked something wrong, or that it should ask later. */
function readProblem(response: Response, text: string): ProblemError {
  const { type, detail, errors } = parseProblem(text);
  const options: ProblemOptions = {
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  };
  const headers = { "retry-after": response.headers.get("retry-after") ?? RETRY_AFTER_SECONDS };
  switch (type) {
    case "/problems/invalid-query":
      return new ProblemError("invalid-query", options);
    case "/problems/store-timeout":
      return new ProblemError("store-timeout", { ...options, headers });
    case "/problems/store-unavailable":
      return new ProblemError("store-unavailable", { ...options, headers });
    default:
      return unavailable(
        new Error(`The worker answered ${response.status}: ${text.slice(0, 1_000)}`),
      );
  }
}

function parseProblem(text: string): Partial<Problem> {
  try {
    return Object(JSON.parse(text)) as Partial<Problem>;
  } catch {
    return {};
  }
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError("store-unavailable", {
    detail: "The worker cannot be reached, or answered an error: ask again",
    headers: { "retry-after": RETRY_AFTER_SECONDS },
    cause,
  });
}
