import { createHash } from "node:crypto";
import type { KeyScope } from "./key.ts";

/**
 * The Redis hash that lists the keys that were made: field as that of a revocation, value a {@link KnownKey} as JSON. It is there to be
 * read by people: a key is valid by its signature alone, so what loses this hash loses the list and no key.
 */
export const KNOWN_KEYS = "keys:known";

export type KnownKey = {
  readonly scope: KeyScope;
  readonly label?: string;
  /** RFC 3339, as is `expires_at`. */
  readonly created_at: string;
  readonly expires_at?: string;
  /** {@link secretId} of the secret that signed it. */
  readonly signed_by?: string;
  /** The kid of the key that it took over from when the secret was rotated. */
  readonly replaces?: string;
};

/** Names a secret without giving it away: secrets have 32 characters or more, which nobody finds from a hash. */
export function secretId(secret: string): string {
  return createHash("sha256").update(`sluice key secret ${secret}`).digest("hex").slice(0, 8);
}

/** The value of one field; undefined for one that somebody wrote by hand and wrongly. */
export function parseKnownKey(json: string): KnownKey | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  return isKnownKey(value) ? value : undefined;
}

function isKnownKey(value: unknown): value is KnownKey {
  const { scope, label, created_at, expires_at, signed_by, replaces } = Object(value);
  return (
    (scope === "w" || scope === "r" || scope === "a") &&
    isInstant(created_at) &&
    (expires_at === undefined || isInstant(expires_at)) &&
    [label, signed_by, replaces].every((text) => text === undefined || typeof text === "string")
  );
}

function isInstant(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}
