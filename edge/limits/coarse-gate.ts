import type { Logger } from "../logger.ts";
import { networkOf } from "./client-network.ts";
import type { LimitCounters } from "./limit-counters.ts";
import { RateLimitError } from "./rate-limit-error.ts";

/** Cloudflare's rate-limit binding: https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/ */
export type GateBinding = {
  limit(options: { key: string }): Promise<{ readonly success: boolean }>;
};

/**
 * The first gate: it counts in each of Cloudflare's locations by itself and roughly, at no cost, and keeps what is far beyond any
 * limit away from Redis and everything behind. A binding that is absent or fails lets everybody pass.
 */
export type CoarseGate = {
  /** @throws {RateLimitError} when the project sends too much. */
  enter(projectId: string): Promise<void>;
  /**
   * Before the key is verified, so that nobody learns whether a guess was right. A key that was good a moment ago passes: a guesser's
   * neighbours may share its address.
   * @throws {RateLimitError} while too many keys from this address were refused
   */
  admitKey(address: string | undefined, key: string): void;
  accepted(key: string): void;
  /** @throws {RateLimitError} when that was one too many. */
  refused(address: string | undefined): Promise<void>;
};

export type CoarseGateOptions = {
  readonly project: GateBinding | undefined;
  readonly refusedKeys: GateBinding | undefined;
  readonly counters: Pick<LimitCounters, "countUnchecked">;
  readonly logger: Pick<Logger, "warn">;
  readonly now: () => number;
};

/** `period` of both bindings in wrangler.toml. */
const PERIOD_SECONDS = 10;
/** The binding only looks up a number of its own machine. */
const TIMEOUT_MS = 250;
/** Of addresses, and of keys: about 1 MB. */
const MAX_REMEMBERED = 5_000;

export function createCoarseGate(options: CoarseGateOptions): CoarseGate {
  const { now } = options;
  const blockedUntilMs = new Map<string, number>();
  const goodKeys = new Set<string>();

  return {
    async enter(projectId) {
      if (await hasRoom(options.project, projectId)) return;
      const detail = "The project sends too many requests to this location: send fewer";
      throw new RateLimitError("rate-limited", ["project-gate"], PERIOD_SECONDS, { detail });
    },

    admitKey(address, key) {
      if (blockedUntilMs.size === 0) return;
      const leftMs = (blockedUntilMs.get(networkOf(address)) ?? 0) - now();
      if (leftMs <= 0 || goodKeys.has(key)) return;
      throw tooManyRefusedKeys(Math.ceil(leftMs / 1_000));
    },

    accepted(key) {
      if (goodKeys.size >= MAX_REMEMBERED) goodKeys.clear();
      goodKeys.add(key);
    },

    async refused(address) {
      const network = networkOf(address);
      if (await hasRoom(options.refusedKeys, network)) return;
      if (blockedUntilMs.size >= MAX_REMEMBERED) blockedUntilMs.clear();
      blockedUntilMs.set(network, now() + PERIOD_SECONDS * 1_000);
      throw tooManyRefusedKeys(PERIOD_SECONDS);
    },
  };

  async function hasRoom(binding: GateBinding | undefined, key: string): Promise<boolean> {
    if (binding === undefined) return true;
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error("no answer")), TIMEOUT_MS);
    try {
      return (await Promise.race([binding.limit({ key }), timeout])).success !== false;
    } catch (error) {
      options.counters.countUnchecked("gate");
      options.logger.warn("the coarse gate does not answer: requests pass", { err: error });
      return true;
    } finally {
      clearTimeout(timer);
    }
  }
}

function tooManyRefusedKeys(retryAfterSeconds: number): RateLimitError {
  const detail = "Too many keys from this address were refused: send a valid key later";
  return new RateLimitError("rate-limited", ["refused-keys"], retryAfterSeconds, { detail });
}
