import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { CliError } from "../cli-error.ts";
import { describeFailure } from "../describe-failure.ts";
import { isLoopback, resourceUrl, type Target } from "../target.ts";
import { type Answer, readAnswer } from "./answer.ts";
import { type Batch, idempotencyKeyOf, sendableLines, toBody } from "./batch.ts";
import { nextAttempt } from "./next-attempt.ts";

export type Compression = "auto" | "always" | "never";

export type SenderOptions = {
  readonly target: Target;
  readonly compression: Compression;
  readonly timeoutMs: number;
  readonly maxRetryMs: number;
  readonly userAgent: string;
  /** Told why an attempt failed and when the next one is. */
  readonly onRetry: (message: string) => void;
  /** No attempt begins once it is aborted. */
  readonly stopping: AbortSignal;
  /** Ends also the attempts under way. */
  readonly killing: AbortSignal;
};

export type Settled = Extract<Answer, { kind: "settled" }>;

const compress = promisify(gzip);
/** Smaller bodies gain nothing that a packet would notice. */
const MIN_COMPRESSED_BYTES = 1024;

/** Sends batches, each until it is answered. Used by several batches at a time. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #url: URL;
  #lastAnsweredMs = Date.now();
  /** Set by a Retry-After: it is meant for the client, not for one of its requests. */
  #pausedUntilMs = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#url = resourceUrl(options.target.url, "v1/events");
  }

  /**
   * Sends a batch until the server settles it.
   * @returns undefined when the import was stopped before.
   * @throws {CliError} when the server refuses it, or does not settle any batch for too long.
   */
  async send(batch: Batch, inputIdentity: string): Promise<Settled | undefined> {
    const lines = sendableLines(batch);
    if (lines.length === 0) return NOTHING_SENT;
    const plain = toBody(lines);
    const headers = new Headers({
      authorization: `Bearer ${this.#options.target.key}`,
      "content-type": "application/x-ndjson",
      "idempotency-key": idempotencyKeyOf(inputIdentity, lines, plain),
      "user-agent": this.#options.userAgent,
    });
    const body = await this.#encode(plain, headers);
    const startedMs = Date.now();
    for (let failures = 1; ; failures++) {
      if (!(await this.#mayBegin())) return undefined;
      const answer = await this.#attempt(headers, body, lines.length);
      if (answer === undefined) return undefined;
      if (answer.kind === "settled") {
        this.#lastAnsweredMs = Date.now();
        return answer;
      }
      const where = `${this.#url.origin}, lines ${lines[0]?.number} to ${lines.at(-1)?.number}`;
      if (answer.kind === "refused")
        throw new CliError(`Cannot import into ${where}: ${answer.reason}`);
      const next = nextAttempt(
        {
          failures,
          retryAfterMs: answer.retryAfterMs,
          idleMs: Date.now() - Math.max(this.#lastAnsweredMs, startedMs),
          maxIdleMs: this.#options.maxRetryMs,
        },
        Math.random(),
      );
      if (next.kind === "give-up") {
        throw new CliError(
          `Cannot import into ${where}: ${answer.reason}; gave up: ${next.reason}`,
        );
      }
      this.#options.onRetry(`${this.#url.origin}: ${answer.reason}; trying again`);
      if (answer.retryAfterMs !== undefined) {
        this.#pausedUntilMs = Math.max(this.#pausedUntilMs, Date.now() + answer.retryAfterMs);
      }
      await this.#wait(next.delayMs);
    }
  }

  async #encode(body: Buffer, headers: Headers): Promise<Buffer> {
    if (!shouldCompress(this.#options.compression, this.#url, body.length)) return body;
    const compressed = await compress(body, { level: 3 });
    if (compressed.length >= body.length) return body;
    headers.set("content-encoding", "gzip");
    return compressed;
  }

  /** Waits out a pause that the server asked for; false when the import is stopped. */
  async #mayBegin(): Promise<boolean> {
    for (;;) {
      if (this.#options.stopping.aborted) return false;
      const pauseMs = this.#pausedUntilMs - Date.now();
      if (pauseMs <= 0) return true;
      await this.#wait(pauseMs);
    }
  }

  async #wait(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#options.stopping });
    } catch {
      // Stopped: the next look at the signal sees it.
    }
  }

  async #attempt(headers: Headers, body: Buffer, eventCount: number): Promise<Answer | undefined> {
    const { timeoutMs, killing } = this.#options;
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), killing]);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers,
        body: new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength),
        redirect: "manual",
        signal,
      });
      const text = await response.text();
      const { status } = response;
      return readAnswer({ status, headers: response.headers, text }, eventCount, Date.now());
    } catch (error) {
      if (killing.aborted) return undefined;
      const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
      const reason = isTimeout
        ? `no answer within ${Math.round(timeoutMs / 1000)} s`
        : describeFailure(error);
      return { kind: "busy", reason, retryAfterMs: undefined };
    }
  }
}

/** On this machine the network costs nothing and both sides' processors do; elsewhere events shrink to a tenth. */
export function shouldCompress(compression: Compression, url: URL, bytes: number): boolean {
  if (compression !== "auto") return compression === "always";
  return bytes >= MIN_COMPRESSED_BYTES && !isLoopback(url);
}

const NOTHING_SENT: Settled = {
  kind: "settled",
  accepted: 0,
  duplicate: 0,
  rejected: 0,
  results: [],
};
