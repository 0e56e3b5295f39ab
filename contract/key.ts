import { createHmac, timingSafeEqual } from "node:crypto";

/** `w` posts events, `r` reads statistics, `a` administers. */
export type KeyScope = "w" | "r" | "a";

export type KeyClaims = {
  readonly scope: KeyScope;
  readonly projectId: string;
  /** Names one key of the project, so that it can be revoked alone. */
  readonly kid: string;
};

const KEY = /^(slu_([wra])_([a-z0-9-]{1,40})_([a-z0-9]{1,20})_)([0-9a-f]{32})$/;

/** A key `slu_<scope>_<project>_<kid>_<mac>` that {@link verifyKey} accepts with the same secret. */
export function createKey(claims: KeyClaims, secret: string): string {
  const signed = `slu_${claims.scope}_${claims.projectId}_${claims.kid}_`;
  const key = signed + macOf(signed, secret).toString("hex");
  if (!KEY.test(key)) {
    throw new RangeError(
      `Cannot create key: project "${claims.projectId}" or kid "${claims.kid}" has characters that a key cannot hold`,
    );
  }
  return key;
}

/**
 * The claims of a key that was signed with one of `secrets`, else undefined.
 * Does no I/O; compares every secret in constant time, so that timing tells nothing about the MAC or which secret it was.
 */
export function verifyKey(key: string, secrets: readonly string[]): KeyClaims | undefined {
  const match = KEY.exec(key);
  if (match === null) return undefined;
  const [, signed = "", scope, projectId = "", kid = "", mac = ""] = match;
  const given = Buffer.from(mac, "hex");
  let isValid = false;
  for (const secret of secrets) {
    if (timingSafeEqual(macOf(signed, secret), given)) isValid = true;
  }
  return isValid ? { scope: scope as KeyScope, projectId, kid } : undefined;
}

/** The first 128 bits of HMAC-SHA-256 (RFC 2104), the shortest truncation that RFC 2104 §5 advises for it. */
function macOf(signed: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(signed).digest().subarray(0, 16);
}
