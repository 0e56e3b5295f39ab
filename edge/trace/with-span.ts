import type { Span, SpanOptions } from "../../contract/trace/tracer.ts";
import { ProblemError } from "../http/problem.ts";
import type { Tracing } from "./tracing.ts";

export type TracingDeps = { readonly tracing?: Tracing | undefined };

/** Does the work in a span of the current request's trace, where there is one. */
export function withSpan<T>(
  { tracing }: TracingDeps,
  name: string,
  options: SpanOptions,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const span = tracing?.current()?.child(name, options);
  if (tracing === undefined || span === undefined) return work(undefined);
  return tracing.run(span, async () => {
    try {
      const result = await work(span);
      span.end();
      return result;
    } catch (error) {
      span.end({ error: nameOfError(error) });
      throw error;
    }
  });
}

/** A message may quote what a client sent; a name never does. */
function nameOfError(error: unknown): string {
  if (error instanceof ProblemError) return error.slug;
  return error instanceof Error ? error.name : "error";
}
