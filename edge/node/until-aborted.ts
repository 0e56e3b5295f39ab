/** Resolves when the work is over, however it ends, or when `signal` aborts, whichever is first. */
export function untilAborted(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => resolve();
    signal.addEventListener("abort", end, { once: true });
    work.then(end, end);
  });
}
