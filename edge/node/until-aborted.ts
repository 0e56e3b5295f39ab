/** Resolves when the work is over, however it ends, or when `signal` aborts, whichever is first. */
export function untilAborted(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const end = () => resolve();
    work.then(end, end);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
