import type { KeyClaims } from "./key.ts";

/** The Redis hash that names revoked keys: field {@link revocationField}, value the instant (ISO 8601) at which the key was revoked. */
export const REVOKED_KEYS = "keys:revoked";

/** Names every key of the project with that kid, whatever its scope and expiry, and whichever secret signed it. */
export function revocationField({ projectId, kid }: Pick<KeyClaims, "projectId" | "kid">): string {
  return `${projectId}:${kid}`;
}

/**
 * Revocations by {@link revocationField}, with their instants. A set that only grows: whoever holds one adds to it what it reads and
 * takes nothing away, so that a Redis that lost its data revives no key.
 */
export type Revocations = ReadonlyMap<string, string>;

const FIELD = /^[a-z0-9-]{1,40}:[a-z0-9]{1,20}$/;

/**
 * Reads what Redis answers to `HGETALL keys:revoked`: a list in which fields and values take turns (RESP2, Upstash's REST, its client with
 * `automaticDeserialization: false`), or an object (RESP3, ioredis). A field that can name no key is passed over: one stray entry may
 * not put the others out of force. A value that is no instant revokes all the same, since somebody who revokes by hand means it.
 *
 * @throws {TypeError} on all else: it is no answer, and says nothing of any key.
 */
export function parseRevocations(answer: unknown): Revocations {
  const revocations = new Map<string, string>();
  for (const [field, revokedAt] of entriesOf(answer)) {
    if (typeof field !== "string" || typeof revokedAt !== "string") throw notRevocations(answer);
    if (FIELD.test(field)) revocations.set(field, revokedAt);
  }
  return revocations;
}

function entriesOf(answer: unknown): [unknown, unknown][] {
  if (Array.isArray(answer) && answer.length % 2 === 0) {
    return answer.flatMap((field, index) =>
      index % 2 === 0 ? [[field, answer[index + 1]] as [unknown, unknown]] : [],
    );
  }
  if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) {
    return Object.entries(answer);
  }
  throw notRevocations(answer);
}

function notRevocations(answer: unknown): TypeError {
  return new TypeError(`Cannot read revocations: ${JSON.stringify(answer)?.slice(0, 100)}`);
}
