import { CliError } from "../cli-error.ts";
import { describeFailure } from "../describe-failure.ts";

/** What came of a question to a part: what it said and how long that took, or why nothing came. */
export type Answer<Value> =
  | { readonly value: Value; readonly tookMs: number }
  | { readonly failure: string };

/** Puts a question that takes no longer than `timeoutMs`, whatever it hangs on. Never rejects. */
export async function ask<Value>(
  timeoutMs: number,
  question: (signal: AbortSignal) => Promise<Value>,
  explain: (error: unknown) => string = describe,
): Promise<Answer<Value>> {
  const beganMs = performance.now();
  const late = new AbortController();
  const lateness = Promise.withResolvers<never>();
  // Not AbortSignal.timeout(): it would not keep the process, which would end without an answer.
  const timer = setTimeout(() => {
    late.abort();
    lateness.reject(late.signal.reason);
  }, timeoutMs);
  try {
    const value = await Promise.race([question(late.signal), lateness.promise]);
    return { value, tookMs: performance.now() - beganMs };
  } catch (error) {
    const failure = late.signal.aborted
      ? `no answer within ${timeoutMs / 1_000} s`
      : explain(error);
    return { failure };
  } finally {
    clearTimeout(timer);
  }
}

export function valueIn<Value>(answer: Answer<Value> | undefined): Value | undefined {
  return answer !== undefined && "value" in answer ? answer.value : undefined;
}

function describe(error: unknown): string {
  return error instanceof CliError ? error.message : describeFailure(error);
}
