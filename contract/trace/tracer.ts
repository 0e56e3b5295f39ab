import { createSpanId, createTrace, type TraceContext } from "./trace-context.ts";

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** Never a key, a user's id or a property of an event. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What of a span is exported. */
export type SpanRecord = {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly links: readonly TraceContext[];
  /** What went wrong, in a word; undefined when nothing did. */
  readonly error: string | undefined;
};

export type SpanOptions = {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: readonly TraceContext[];
  /** Now, by default. */
  readonly startMs?: number;
};

export type SpanEnd = {
  readonly name?: string;
  readonly error?: string | undefined;
  /** Now, by default. */
  readonly endMs?: number;
};

/** Something that takes time, as part of a trace. One of a trace that is not sampled does nothing but pass its context on. */
export type Span = {
  readonly context: TraceContext;
  child(name: string, options?: SpanOptions): Span;
  set(attributes: Attributes): void;
  /** Only the first end counts. */
  end(end?: SpanEnd): void;
};

export type StartOptions = SpanOptions & {
  readonly parent?: TraceContext | undefined;
  /** Samples a trace that begins here, whatever the probability. */
  readonly isSampled?: boolean;
};

export type Tracer = {
  /** Goes on with the trace of `parent`, sampled if that is; without one it begins a trace, sampled with the tracer's probability. */
  start(name: string, options?: StartOptions): Span;
  readonly now: () => number;
};

export type TracerOptions = {
  /** Of the traces that begin here, from 0 to 1. */
  readonly ratio: number;
  /** Milliseconds since 1970, with fractions where the clock has them. */
  readonly now: () => number;
  readonly record: (span: SpanRecord) => void;
};

export function createTracer({ ratio, now, record }: TracerOptions): Tracer {
  return {
    start(name, { parent, isSampled = false, ...options } = {}) {
      const trace = parent ?? createTrace(isSampled ? 1 : ratio);
      if (!trace.isSampled) return silentSpan(trace);
      return open(name, trace, parent?.spanId, options);
    },
    now,
  };

  function open(
    name: string,
    trace: TraceContext,
    parentSpanId: string | undefined,
    { kind = "internal", links = [], startMs = now(), ...options }: SpanOptions,
  ): Span {
    const context = { ...trace, spanId: createSpanId() };
    let attributes = options.attributes ?? {};
    let isOver = false;
    return {
      context,
      child: (childName, childOptions = {}) =>
        open(childName, context, context.spanId, childOptions),
      set(more) {
        attributes = { ...attributes, ...more };
      },
      end(end = {}) {
        if (isOver) return;
        isOver = true;
        record({
          name: end.name ?? name,
          kind,
          context,
          parentSpanId,
          startMs,
          endMs: Math.max(startMs, end.endMs ?? now()),
          attributes,
          links,
          error: end.error,
        });
      },
    };
  }
}

function silentSpan(context: TraceContext): Span {
  const span: Span = { context, child: () => span, set() {}, end() {} };
  return span;
}
