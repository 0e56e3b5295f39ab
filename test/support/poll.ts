import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is neither undefined, null, false nor an error. @throws at the deadline, with the last error */
export async function poll<T>(
  what: string,
  ask: () => Promise<T> | T,
  timeoutMs = 20_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false)
        return answer as Exclude<T, undefined | null | false>;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline)
      throw new Error(`Cannot see ${what}: waited ${timeoutMs} ms`, { cause });
    await delay(50);
  }
}
