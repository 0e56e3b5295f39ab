import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

/** `w` posts events, `r` reads statistics, `a` administers. */
export type KeyScope = "w" | "r" | "a";

export type KeyClaims = {
  readonly scope: KeyScope;
  readonly projectId: string;
  /** Names one key of the project, so that it can be revoked alone. */
  readonly kid: string;
  /** In Unix seconds, the first at which the key is no longer valid. Absent: it has no end. */
  readonly expiresAt?: number;
};

/**
 * What a text that should be a key is:
 * - `genuine`: signed with one of our secrets. It may have expired or been revoked since.
 * - `malformed`: not of a key's form.
 * - `mistyped`: its checksum does not fit. A slip of whoever copied it, which no forger makes.
 * - `forged`: whole, but signed with none of our secrets.
 */
export type KeyVerdict =
  | { readonly status: "genuine"; readonly claims: KeyClaims }
  | { readonly status: "malformed" | "mistyped" | "forged" };

const KEY =
  /^(slu_([wra])_([a-z0-9-]{1,40})_([a-z0-9]{1,20})_(?:([1-9][0-9]{0,10})_)?)([0-9a-f]{32})([0-9a-f]{8})$/;

/**
 * A key `slu_<scope>_<project>_<kid>[_<expiry>]_<mac><checksum>` that {@link verifyKey} finds genuine with the same secret.
 * The prefix and the checksum, CRC-32 of all before it, let a scanner tell a leaked key from other text without asking anybody, as
 * GitHub's tokens do: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 */
export function createKey(claims: KeyClaims, secret: string): string {
  const { scope, projectId, kid, expiresAt } = claims;
  const expiry = expiresAt === undefined ? "" : `${expiresAt}_`;
  const signed = `slu_${scope}_${projectId}_${kid}_${expiry}`;
  const unchecked = signed + macOf(signed, secret).toString("hex");
  const key = unchecked + checksumOf(unchecked);
  const [, , , readProject, readKid] = KEY.exec(key) ?? [];
  // Also read back: a kid "a_1" would be read as "a" that expires at 1.
  if (readProject === projectId && readKid === kid) return key;
  throw new RangeError(
    `Cannot create key: project "${projectId}", kid "${kid}" or expiry ${expiresAt ?? "none"} has characters that a key cannot hold`,
  );
}

/** Of the form of a key, signed with nothing: what a text without that form is compared as. */
const DECOY = KEY.exec(`slu_w_0_0_${"0".repeat(40)}`);

/**
 * Does no I/O. Takes the same steps whatever is wrong with the key, and compares every secret in constant time, so that timing tells
 * neither how far a MAC fits nor which secret it was.
 */
export function verifyKey(key: string, secrets: readonly string[]): KeyVerdict {
  const match = KEY.exec(key);
  const [, signed = "", scope, projectId = "", kid = "", expiry, mac = "", checksum] =
    match ?? DECOY ?? [];
  const isWhole = checksum === checksumOf(signed + mac);
  const given = Buffer.from(mac, "hex");
  let isSigned = false;
  for (const secret of secrets) {
    if (timingSafeEqual(macOf(signed, secret), given)) isSigned = true;
  }
  if (match === null) return { status: "malformed" };
  if (!isWhole) return { status: "mistyped" };
  if (!isSigned) return { status: "forged" };
  const claims = { scope: scope as KeyScope, projectId, kid };
  return {
    status: "genuine",
    claims: expiry === undefined ? claims : { ...claims, expiresAt: Number(expiry) },
  };
}

const CLAIMS = /^slu_([wra])_([a-z0-9-]{1,40})_([a-z0-9]{1,20})_(?:([1-9][0-9]{0,10})_)?/;

/**
 * What a text says that should be a key, believed or not: it may be mistyped, cut off, redacted or forged. Undefined where it does not
 * even name a project and a kid.
 */
export function readClaims(text: string): KeyClaims | undefined {
  const [, scope, projectId, kid, expiry] = CLAIMS.exec(text) ?? [];
  if (projectId === undefined || kid === undefined) return undefined;
  const claims = { scope: scope as KeyScope, projectId, kid };
  return expiry === undefined ? claims : { ...claims, expiresAt: Number(expiry) };
}

export function hasExpired({ expiresAt }: KeyClaims, nowMs: number): boolean {
  return expiresAt !== undefined && nowMs >= expiresAt * 1_000;
}

/** The first 128 bits of HMAC-SHA-256 (RFC 2104), the shortest truncation that RFC 2104 §5 advises for it. */
function macOf(signed: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(signed).digest().subarray(0, 16);
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
