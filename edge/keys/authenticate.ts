import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { hasExpired, type KeyClaims, type KeyScope, verifyKey } from "../../contract/key.ts";
import type { AppEnv } from "../app-env.ts";
import { ProblemError } from "../http/problem.ts";
import type { RevocationList } from "./revocation-list.ts";

export type AuthenticateDeps = {
  readonly keySecrets: readonly string[];
  readonly now: () => number;
  readonly revocations: Pick<RevocationList, "isRevoked">;
};

const SCOPE_NAMES: Record<KeyScope, string> = { w: "a write", r: "a read", a: "an admin" };

/**
 * Requires a key with one of `scopes`, from `Authorization: Bearer <key>` or, for `sendBeacon`, which cannot set headers, from `?key=`.
 * Comes before a byte of the body is read, and does no I/O unless the list of revoked keys has to be read again. A key that is not
 * genuine never has it read.
 */
export function authenticate(
  scopes: readonly KeyScope[],
  { keySecrets, now, revocations }: AuthenticateDeps,
) {
  const identify = rememberGenuine((key) => identifyKey(key, keySecrets));
  return createMiddleware<AppEnv>(async (c, next) => {
    const text = keyTextOf(c);
    if (text === undefined) {
      throw unauthorized("Send the key as Authorization: Bearer <key>, or as ?key=");
    }
    const claims = identify(text);
    if (hasExpired(claims, now())) throw unauthorized(`The key expired at ${expiryOf(claims)}`);
    if (await revocations.isRevoked(claims, (work) => c.executionCtx.waitUntil(work))) {
      throw unauthorized("The key is revoked");
    }
    if (!scopes.includes(claims.scope)) {
      const wanted = scopes.map((scope) => SCOPE_NAMES[scope]).join(" or ");
      throw new ProblemError("wrong-scope", {
        detail: `This route needs ${wanted} key, this is ${SCOPE_NAMES[claims.scope]} key`,
      });
    }
    c.set("key", claims);
    await next();
  });
}

/** What the client sends as its key. */
export function keyTextOf({ req }: Context): string | undefined {
  return bearerToken(req.header("authorization")) ?? req.query("key");
}

/** @throws {ProblemError} `unauthorized` */
function identifyKey(key: string, secrets: readonly string[]): KeyClaims {
  const verdict = verifyKey(key, secrets);
  if (verdict.status === "genuine") return verdict.claims;
  throw unauthorized(FAULTS[verdict.status]);
}

const FAULTS = {
  malformed: "This is no key: keys begin with slu_w_, slu_r_ or slu_a_ and end with 40 hex digits",
  mistyped: "The key is mistyped: its checksum does not fit",
  forged: "The key was not signed by this deployment",
};

const MAX_REMEMBERED_KEYS = 1_000;

/**
 * Remembers keys that were genuine: a MAC costs 0.2 ms in workerd, a look-up nothing. Others are never remembered, so that guesses
 * fill no memory and each is compared in constant time.
 */
function rememberGenuine(identify: (key: string) => KeyClaims) {
  const claimsByKey = new Map<string, KeyClaims>();
  return (key: string): KeyClaims => {
    const known = claimsByKey.get(key);
    if (known !== undefined) return known;
    const claims = identify(key);
    if (claimsByKey.size >= MAX_REMEMBERED_KEYS) claimsByKey.clear();
    claimsByKey.set(key, claims);
    return claims;
  };
}

function expiryOf({ expiresAt = 0 }: KeyClaims): string {
  return new Date(expiresAt * 1_000).toISOString();
}

function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(header)?.[1];
}

function unauthorized(detail: string): ProblemError {
  return new ProblemError("unauthorized", {
    detail,
    headers: { "www-authenticate": 'Bearer realm="sluice"' },
  });
}
