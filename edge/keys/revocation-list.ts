import type { KeyClaims } from "../../contract/key.ts";
import { type Revocations, revocationField } from "../../contract/revocation.ts";
import { createFlights, type WaitUntil } from "../cache/flights.ts";
import { delay } from "../delay.ts";
import type { Logger } from "../logger.ts";

/** A place that holds revocations: Redis, where they are made, or the keeper, which remembers them while Redis is away. */
export type RevocationStore = {
  /** @throws when it does not answer. */
  read(): Promise<Revocations>;
  /** Adds what the store lacks, and changes nothing that it has. @throws when it does not answer. */
  add(revocations: Revocations): Promise<void>;
};

export type RevocationList = {
  /** At once, and without I/O, while the list is young enough. Never rejects. */
  isRevoked(claims: KeyClaims, waitUntil: WaitUntil): boolean | Promise<boolean>;
  status(): RevocationStatus;
};

export type RevocationStatus = {
  readonly count: number;
  /** Since the last reading of Redis began. Undefined before the first. */
  readonly ageMs: number | undefined;
  /** Requests of which the key passed while no list was known. */
  readonly unchecked: number;
};

export type RevocationListOptions = {
  readonly redis: RevocationStore;
  readonly keeper: RevocationStore;
  readonly logger: Logger;
  readonly now: () => number;
  /** The age from which on no request is answered before Redis is asked: a revocation is in force that long after it was made. */
  readonly maxAgeMs: number;
  /** Of the wait for either store. */
  readonly timeoutMs: number;
};

/** Between attempts to read Redis while it does not answer. Its circuit may ask for longer pauses. */
const RETRY_MS = 1_000;
/** How long after a failed attempt requests do not wait for the next one. */
const NO_WAIT_MS = 10_000;

/**
 * What an isolate knows of revoked keys. It only adds to that, so that a Redis that lost its data revives no key.
 *
 * | age of the list             | a request                                        |
 * |-----------------------------|--------------------------------------------------|
 * | below half of `maxAgeMs`    | is answered from memory                          |
 * | below `maxAgeMs`            | is answered from memory, and refreshes the list  |
 * | above, or never read        | waits for a refresh                              |
 * | above, and Redis failed in the last {@link NO_WAIT_MS} | is answered from memory, and refreshes the list |
 *
 * A refresh asks Redis and, until it has answered once, the keeper; the keeper also while Redis fails, since other isolates may have told
 * it more. Then each of the two is given what it lacks. Without an answer of either every key passes: Redis may be absent, and costs no
 * event. All that is remembered of attempts are times, so that one that is cut off with its request blocks no later one.
 */
export function createRevocationList(options: RevocationListOptions): RevocationList {
  const { redis, keeper, logger, now, maxAgeMs, timeoutMs } = options;
  const freshMs = maxAgeMs / 2;
  const flights = createFlights<void>({ patienceMs: timeoutMs + 100, now });
  const known = new Map<string, string>();
  /** When the last reading of Redis that succeeded began. */
  let readAtMs: number | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let keeperAskedAtMs = Number.NEGATIVE_INFINITY;
  /** What the keeper holds for certain. Undefined until it has answered. */
  let kept: Set<string> | undefined;
  let unchecked = 0;
  let isRedisWhole = true;

  return {
    isRevoked(claims, waitUntil) {
      const nowMs = now();
      const ageMs = nowMs - (readAtMs ?? Number.NEGATIVE_INFINITY);
      if (ageMs < freshMs) return isKnown(claims);
      if (ageMs >= maxAgeMs && nowMs - failedAtMs >= NO_WAIT_MS) {
        const refreshed = flights.join("list", () => refresh(waitUntil), waitUntil);
        return refreshed.then(() => isKnown(claims));
      }
      if (nowMs - failedAtMs >= RETRY_MS) {
        flights.ensure("list", () => refresh(waitUntil), waitUntil);
      }
      return isKnown(claims);
    },

    status: () => ({
      count: known.size,
      ageMs: readAtMs === undefined ? undefined : now() - readAtMs,
      unchecked,
    }),
  };

  function isKnown(claims: KeyClaims): boolean {
    if (readAtMs === undefined && kept === undefined) {
      if (unchecked === 0)
        logger.warn("keys pass unchecked: no list of revoked keys was ever read");
      unchecked += 1;
    }
    return known.has(revocationField(claims));
  }

  /** Never rejects, and ends soon. */
  async function refresh(waitUntil: WaitUntil): Promise<void> {
    const beganMs = now();
    const firstFromKeeper = kept === undefined ? askKeeper(waitUntil) : undefined;
    const inRedis = await readRedis(beganMs);
    await firstFromKeeper;
    if (inRedis === undefined && beganMs - keeperAskedAtMs >= freshMs) await askKeeper(waitUntil);
    waitUntil(Promise.all([repairRedis(inRedis), tellKeeper()]));
  }

  async function readRedis(beganMs: number): Promise<Revocations | undefined> {
    try {
      const inRedis = await redis.read();
      learn(inRedis);
      readAtMs = beganMs;
      return inRedis;
    } catch {
      // The circuit to Redis has logged it.
      failedAtMs = now();
      return undefined;
    }
  }

  /** Waits no longer than `timeoutMs`; what comes later is learnt all the same. */
  async function askKeeper(waitUntil: WaitUntil): Promise<void> {
    keeperAskedAtMs = now();
    const asking = keeper.read().then(
      (inKeeper) => {
        learn(inKeeper);
        kept = new Set(inKeeper.keys());
      },
      (error: unknown) => logger.warn("the keeper of revocations does not answer", { err: error }),
    );
    waitUntil(asking);
    await Promise.race([asking, delay(timeoutMs)]);
  }

  function learn(revocations: Revocations): void {
    for (const [field, revokedAt] of revocations) {
      if (!known.has(field)) known.set(field, revokedAt);
    }
  }

  async function repairRedis(inRedis: Revocations | undefined): Promise<void> {
    if (inRedis === undefined) return;
    const lost = lackedBy(inRedis);
    if (isRedisWhole && lost.size > 0) {
      logger.warn("redis has lost revocations: writing them back", { count: lost.size });
    }
    isRedisWhole = lost.size === 0;
    // Tried again after the next reading.
    if (!isRedisWhole) await redis.add(lost).catch(() => {});
  }

  async function tellKeeper(): Promise<void> {
    if (kept === undefined) return;
    const news = lackedBy(kept);
    if (news.size === 0) return;
    try {
      await keeper.add(news);
      for (const field of news.keys()) kept.add(field);
    } catch (error) {
      logger.warn("the keeper of revocations does not answer", { err: error });
    }
  }

  function lackedBy(holder: { has(field: string): boolean }): Revocations {
    return new Map([...known].filter(([field]) => !holder.has(field)));
  }
}
