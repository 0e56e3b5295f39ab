import type { ExecutionContext } from "hono";

/** What requests have left to be done after their answers. */
export class BackgroundWork implements ExecutionContext {
  readonly props = {};
  readonly #pending = new Set<Promise<unknown>>();
  readonly #onFailure: (error: unknown) => void;
  /** Ends each delay that is under way. */
  readonly #delayed = new Set<() => void>();
  #isFinishing = false;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  waitUntil(work: Promise<unknown>): void {
    const ending: Promise<unknown> = work
      .catch(this.#onFailure)
      .then(() => this.#pending.delete(ending));
    this.#pending.add(ending);
  }

  /** Takes no time once the rest is to be finished: nobody shall wait for what only waits. */
  readonly delay = (durationMs: number): Promise<void> =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#delayed.delete(end);
        resolve();
      };
      const timer = setTimeout(end, this.#isFinishing ? 0 : durationMs);
      this.#delayed.add(end);
    });

  /** Cloudflare's, for a Worker in front of another server: there is none. */
  passThroughOnException(): void {}

  /** Resolves when nothing is left, nor of what came in meanwhile. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    for (const end of [...this.#delayed]) end();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
