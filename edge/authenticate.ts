import { createMiddleware } from "hono/factory";
import { type KeyClaims, type KeyScope, verifyKey } from "../contract/key.ts";
import type { AppEnv } from "./app-env.ts";
import { ProblemError } from "./problem.ts";

const SCOPE_NAMES: Record<KeyScope, string> = { w: "a write", r: "a read", a: "an admin" };

/**
 * Requires a key with `scope`, from `Authorization: Bearer <key>` or, for `sendBeacon`, which cannot set headers, from `?key=`.
 * Does no I/O, so that it comes before a byte of the body is read.
 */
export function authenticate(scope: KeyScope, secrets: readonly string[]) {
  const verify = rememberVerified((key) => verifyKey(key, secrets));
  return createMiddleware<AppEnv>(async (c, next) => {
    const text = bearerToken(c.req.header("authorization")) ?? c.req.query("key");
    if (text === undefined) {
      throw unauthorized("Send the key as Authorization: Bearer <key>, or as ?key=");
    }
    const claims = verify(text);
    if (claims === undefined) throw unauthorized("The key is not valid");
    if (claims.scope !== scope) {
      throw new ProblemError("wrong-scope", {
        detail: `This route needs ${SCOPE_NAMES[scope]} key, this is ${SCOPE_NAMES[claims.scope]} key`,
      });
    }
    c.set("key", claims);
    await next();
  });
}

const MAX_REMEMBERED_KEYS = 1_000;

/**
 * Remembers keys that were valid: a MAC costs 0.2 ms in workerd, a look-up nothing. Invalid keys are never remembered, so that
 * guesses fill no memory and each is compared in constant time.
 */
function rememberVerified(verify: (key: string) => KeyClaims | undefined) {
  const claimsByKey = new Map<string, KeyClaims>();
  return (key: string): KeyClaims | undefined => {
    const known = claimsByKey.get(key);
    if (known !== undefined) return known;
    const claims = verify(key);
    if (claims === undefined) return undefined;
    if (claimsByKey.size >= MAX_REMEMBERED_KEYS) claimsByKey.clear();
    claimsByKey.set(key, claims);
    return claims;
  };
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
