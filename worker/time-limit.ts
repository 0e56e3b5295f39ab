import { pause } from "./pause.ts";

/** Waits for the work, but no longer than that. @throws {TimeLimitError} */
export async function withTimeLimit<T>(ms: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const limit = pause(ms, over.signal).then(() => {
    throw new TimeLimitError();
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    limit.catch(() => {});
    over.abort();
  }
}

/** Waits for the end of the work, whatever it is, but no longer than that. */
export async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  await withTimeLimit(ms, work).catch(() => {});
}

/** The result of the work, or undefined once the signal aborts. */
export async function untilStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const end = () => resolve(undefined);
  if (stop.aborted) end();
  stop.addEventListener("abort", end);
  try {
    return await Promise.race([work, stopped]);
  } finally {
    stop.removeEventListener("abort", end);
  }
}

export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";

  constructor() {
    super("no answer in time");
  }
}
