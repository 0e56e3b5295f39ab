import type { IncomingMessage, ServerResponse } from "node:http";
import type { Span } from "../../contract/trace/tracer.ts";

/** One request on its way to an answer. */
export type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What the route's pattern captured of the path. */
  readonly captured: readonly string[];
  /** Aborts when the client goes away before its answer is complete. */
  readonly clientGone: AbortSignal;
  /** The request's, where it is traced. */
  readonly trace?: Span | undefined;
};
