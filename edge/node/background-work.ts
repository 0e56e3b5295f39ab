import type { ExecutionContext } from "hono";

/** What requests have left to be done after their answers. */
export class BackgroundWork implements ExecutionContext {
  readonly props = {};
  readonly #pending = new Set<Promise<unknown>>();
  readonly #onFailure: (error: unknown) => void;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  waitUntil(work: Promise<unknown>): void {
    const ending: Promise<unknown> = work
      .catch(this.#onFailure)
      .then(() => this.#pending.delete(ending));
    this.#pending.add(ending);
  }

  /** Cloudflare's, for a Worker in front of another server: there is none. */
  passThroughOnException(): void {}

  /** Resolves when nothing is left, nor of what came in meanwhile. */
  async finish(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
