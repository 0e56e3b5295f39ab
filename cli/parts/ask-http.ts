import { parseObject } from "../describe-refusal.ts";
import { type Answer, ask } from "./answer.ts";
import type { ClockReading } from "./clock.ts";

export type HttpReply = {
  readonly status: number;
  readonly text: string;
  /** Empty where it is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What the answer's `Date` says, which has whole seconds. */
  readonly clock: ClockReading | undefined;
  readonly sentMs: number;
  readonly receivedMs: number;
};

export type HttpQuestion = {
  readonly method?: "GET" | "POST";
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
};

/** One request, whose answer of whatever status is an answer. Follows no redirect: what is there is what is asked about. */
export function askHttp(
  url: URL,
  timeoutMs: number,
  { method = "GET", token, headers, body }: HttpQuestion = {},
): Promise<Answer<HttpReply>> {
  return ask(timeoutMs, async (signal) => {
    const sentMs = Date.now();
    const response = await fetch(url, {
      method,
      signal,
      redirect: "manual",
      headers: {
        "user-agent": "sluice-cli",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const receivedMs = Date.now();
    const text = await response.text();
    return {
      status: response.status,
      text,
      body: parseObject(text),
      clock: readDate(response.headers.get("date"), sentMs, receivedMs),
      sentMs,
      receivedMs,
    };
  });
}

function readDate(
  date: string | null,
  sentMs: number,
  receivedMs: number,
): ClockReading | undefined {
  const fromMs = Date.parse(date ?? "");
  return Number.isNaN(fromMs) ? undefined : { fromMs, toMs: fromMs + 1_000, sentMs, receivedMs };
}
