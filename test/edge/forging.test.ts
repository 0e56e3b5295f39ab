import { describe, expect, it } from "vitest";
import { createKey, type KeyClaims, type KeyScope } from "../../contract/key.ts";
import { type GuardedRoute, guardedRoutes, withBearer } from "./guarded-routes.ts";
import { createTestApp, NOW_MS, SECRET } from "./test-app.ts";

const ROUTES = guardedRoutes();
const SCOPES: readonly KeyScope[] = ["w", "r", "a"];
/** All that a key consists of, its upper case, and what means something in a URL, a header or a path. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789_-AFWZ.,%+/\\'\"~é";
/** An HTTP header holds these and nothing else (RFC 9110 §5.5). */
const IN_A_HEADER = /^[\x20-\x7e]*$/;

const claimsOf = ({ scopes }: GuardedRoute): KeyClaims => ({
  scope: scopes[0] ?? "w",
  projectId: "demo",
  kid: "k1",
});
const genuineOf = (route: GuardedRoute) => createKey(claimsOf(route), SECRET);

/** The route with a credential in its query. */
const withQuery = (path: string, key: string) => `${path}?key=${encodeURIComponent(key)}`;

function createAttack(route: GuardedRoute) {
  const app = createTestApp();
  const expectRefused = async (path: string, init: RequestInit, what: string) => {
    const response = await app.fetch(path, init);
    const body = await response.text();
    expect([401, 403], `${route.name} with ${what}: ${response.status} ${body}`).toContain(
      response.status,
    );
    // Not even a part of the key that would have worked.
    expect(body, what).not.toContain(genuineOf(route).slice(-40, -8));
    expect(app.published(), what).toEqual([]);
  };
  return {
    app,
    /** Refused in the header, as far as one can hold it, and in the query. */
    async refuses(key: string): Promise<void> {
      if (IN_A_HEADER.test(key)) {
        await expectRefused(
          route.path,
          withBearer(route.init, `Bearer ${key}`),
          `Bearer ${JSON.stringify(key)}`,
        );
      }
      await expectRefused(withQuery(route.path, key), route.init, `?key=${JSON.stringify(key)}`);
    },
    refusesHeader: (authorization: string) =>
      expectRefused(
        route.path,
        withBearer(route.init, authorization),
        JSON.stringify(authorization),
      ),
    refusesQuery: (query: string) => expectRefused(`${route.path}?${query}`, route.init, query),
    refusesRequest: expectRefused,
    /** So that the refusals were not for another reason. */
    async takesGenuine(): Promise<void> {
      const key = genuineOf(route);
      const inHeader = await app.fetch(route.path, withBearer(route.init, `Bearer ${key}`));
      const inQuery = await app.fetch(withQuery(route.path, key), route.init);
      for (const { status } of [inHeader, inQuery]) expect([401, 403]).not.toContain(status);
    },
  };
}

describe("Every route but the open ones", () => {
  it("says here whose key opens it", () => {
    const undecided = ROUTES.filter(({ scopes }) => scopes.length === 0).map(({ name }) => name);
    expect(undecided).toEqual([]);
    expect(ROUTES.length).toBeGreaterThan(10);
  });

  it.each(ROUTES)("opens to these scopes and no other: $name", async (route) => {
    for (const scope of SCOPES) {
      const { fetch } = createTestApp();
      const key = createKey({ ...claimsOf(route), scope }, SECRET);
      const { status } = await fetch(route.path, withBearer(route.init, `Bearer ${key}`));
      if (route.scopes.includes(scope)) expect([401, 403]).not.toContain(status);
      else expect(status).toBe(403);
    }
  });

  it.each(ROUTES)("stays closed however its path is written: $name", async ({ path, init }) => {
    const { fetch, published } = createTestApp();
    const [, version = "", ...rest] = path.split("/");
    const spellings = [
      path,
      `${path}/`,
      `${path}//`,
      `/${path}`,
      `${path}.json`,
      `${path}%20`,
      `${path}%00`,
      `${path}%2f`,
      `${path};a=b`,
      path.toUpperCase(),
      `/${version}/../${version}/${rest.join("/")}`,
      `/${version}//${rest.join("/")}`,
      `/${version}%2f${rest.join("%2f")}`,
      `/%76%31/${rest.join("/")}`,
      `/docs/..${path}`,
      `/docs/%2e%2e${path}`,
      `/healthz${path}`,
    ];
    const methods = [String(init.method), "HEAD", "OPTIONS", "PUT", "PATCH", "PROPFIND"];
    for (const spelling of spellings) {
      for (const method of methods) {
        const body = method === "GET" || method === "HEAD" ? null : (init.body ?? null);
        const { status } = await fetch(spelling, { ...init, method, body });
        const isPreflight = method === "OPTIONS" && status === 204;
        expect(
          isPreflight || [401, 403, 404, 405].includes(status),
          `${method} ${spelling}: ${status}`,
        ).toBe(true);
      }
    }
    expect(published()).toEqual([]);
  });
});

describe("A forged key is refused", () => {
  it("with any one character changed, by the route that takes events", {
    timeout: 120_000,
  }, async () => {
    const route = ROUTES.find(({ name }) => name === "POST /v1/events") as GuardedRoute;
    const attack = createAttack(route);
    const key = genuineOf(route);
    for (let index = 0; index < key.length; index += 1) {
      for (const character of ALPHABET) {
        if (character === key[index]) continue;
        await attack.refuses(key.slice(0, index) + character + key.slice(index + 1));
      }
    }
    await attack.takesGenuine();
  });

  it.each(ROUTES)("with any place changed: $name", async (route) => {
    const attack = createAttack(route);
    const key = genuineOf(route);
    for (let index = 0; index < key.length; index += 1) {
      const character = key[index] ?? "";
      const next = ALPHABET[(ALPHABET.indexOf(character) + 1) % ALPHABET.length];
      for (const other of [next, "0", "~"]) {
        if (other === character) continue;
        await attack.refuses(key.slice(0, index) + other + key.slice(index + 1));
      }
    }
    await attack.takesGenuine();
  });

  it.each(ROUTES)("cut, lengthened or shuffled: $name", async (route) => {
    const attack = createAttack(route);
    const key = genuineOf(route);
    for (let length = 0; length < key.length; length += 1) {
      await attack.refuses(key.slice(0, length));
      await attack.refuses(key.slice(length + 1));
      await attack.refuses(key.slice(0, length) + key.slice(length + 1));
    }
    for (const more of ["0", "_", "_1", "=", "\0", "\n", "\u00a0", key, ` ${key}`, "?", "#"]) {
      await attack.refuses(key + more);
      if (more.trim() !== "") await attack.refuses(more + key);
    }
    const swap = (index: number) =>
      key.slice(0, index) + key[index + 1] + key[index] + key.slice(index + 2);
    for (let index = 0; index < key.length - 1; index += 1) {
      if (key[index] !== key[index + 1]) await attack.refuses(swap(index));
    }
    await attack.refuses(key.toUpperCase());
    await attack.takesGenuine();
  });

  it.each(ROUTES)("with what another key was signed for: $name", async (route) => {
    const attack = createAttack(route);
    const claims = claimsOf(route);
    const expiresAt = NOW_MS / 1_000 + 3_600;
    const key = genuineOf(route);
    const tail = (other: KeyClaims) => createKey(other, SECRET).slice(-40);
    const stem = (other: KeyClaims) => createKey(other, SECRET).slice(0, -40);
    const others: KeyClaims[] = [
      { ...claims, projectId: "other" },
      { ...claims, kid: "k2" },
      { ...claims, expiresAt },
      ...SCOPES.filter((scope) => scope !== claims.scope).map((scope) => ({ ...claims, scope })),
    ];
    for (const other of others) {
      await attack.refuses(stem(other) + key.slice(-40));
      await attack.refuses(stem(claims) + tail(other));
      await attack.refuses(createKey(other, "a guess of at least 32 characters"));
    }
    const expired = { ...claims, expiresAt: NOW_MS / 1_000 - 1 };
    await attack.refuses(createKey(expired, SECRET));
    // A later end, or none, under the MAC of the earlier one.
    await attack.refuses(stem({ ...claims, expiresAt }) + tail(expired));
    await attack.refuses(stem(claims) + tail(expired));
    await attack.refuses(createKey(claims, ""));
    await attack.refuses(createKey(claims, ` ${SECRET}`));
    await attack.takesGenuine();
  });

  it.each(ROUTES)("revoked, also with another scope, end or secret: $name", async (route) => {
    const attack = createAttack(route);
    const claims = claimsOf(route);
    attack.app.revoked.add("demo:k1");
    await attack.refuses(genuineOf(route));
    for (const scope of SCOPES) await attack.refuses(createKey({ ...claims, scope }, SECRET));
    await attack.refuses(createKey({ ...claims, expiresAt: NOW_MS / 1_000 + 60 }, SECRET));
    attack.app.revoked.clear();
    await attack.takesGenuine();
  });

  it.each(ROUTES)("in a header that is no bearer token: $name", async (route) => {
    const attack = createAttack(route);
    const key = genuineOf(route);
    const headers = [
      "",
      "Bearer",
      "Bearer ",
      key,
      `Bearer${key}`,
      `Bearer\t${key}`,
      `Bearer: ${key}`,
      `Bearer "${key}"`,
      `Bearer <${key}>`,
      `Bearer token=${key}`,
      `Bearer key="${key}"`,
      `Bearer Bearer ${key}`,
      `Basic ${btoa(`${key}:`)}`,
      `Bearer ${btoa(key)}`,
      `Token ${key}`,
      `Digest ${key}`,
      `Negotiate, Bearer ${key}`,
      `Bearer ${key},`,
      `Bearer ${key};`,
      `Bearer ${encodeURIComponent(key).replaceAll("_", "%5F")}`,
      `Bearer ${percentEncode(key)}`,
    ];
    for (const header of headers) await attack.refusesHeader(header);
    await attack.takesGenuine();
  });

  it.each(ROUTES)(
    "in a header that comes twice, whatever the other holds: $name",
    async (route) => {
      const attack = createAttack(route);
      const genuine = `Bearer ${genuineOf(route)}`;
      const forged = `Bearer ${createKey(claimsOf(route), "a guess of at least 32 characters")}`;
      for (const [first, second] of [
        [genuine, forged],
        [forged, genuine],
        [genuine, genuine],
        [genuine, "Bearer x"],
        ["Basic eDp5", genuine],
      ] as const) {
        const headers = new Headers(route.init.headers);
        headers.append("authorization", first);
        headers.append("authorization", second);
        await attack.refusesRequest(route.path, { ...route.init, headers }, `${first}, ${second}`);
      }
      await attack.takesGenuine();
    },
  );

  it.each(ROUTES)(
    "in another parameter or header than where a key belongs: $name",
    async (route) => {
      const attack = createAttack(route);
      const key = genuineOf(route);
      const forged = createKey(claimsOf(route), "a guess of at least 32 characters");
      const queries = [
        `Key=${key}`,
        `KEY=${key}`,
        `key[]=${key}`,
        `api_key=${key}`,
        `access_token=${key}`,
        `token=${key}`,
        "key",
        "key=",
        `key=Bearer%20${key}`,
        `key=%22${key}%22`,
        `key=${forged}&key=${key}`,
        `key=&key=${key}`,
        `key=${percentEncode(percentEncode(key))}`,
        `key=${key}%00`,
        `key=%zz${key}`,
      ];
      for (const query of queries) await attack.refusesQuery(query);
      for (const name of ["x-api-key", "x-authorization", "proxy-authorization", "cookie", "key"]) {
        const headers = new Headers(route.init.headers);
        headers.set(name, name === "cookie" ? `key=${key}` : `Bearer ${key}`);
        await attack.refusesRequest(route.path, { ...route.init, headers }, name);
      }
      // The header goes before the query, so that a forged one is not made good.
      await attack.refusesRequest(
        withQuery(route.path, key),
        withBearer(route.init, `Bearer ${forged}`),
        "a forged key in the header and a genuine one in the query",
      );
      await attack.takesGenuine();
    },
  );
});

describe("A genuine key is taken", () => {
  it.each(ROUTES)(
    "however its scheme is written, and percent-encoded in a query: $name",
    async (route) => {
      const { fetch } = createTestApp();
      const key = genuineOf(route);
      // RFC 9110 §11.1: the scheme has no case; §5.5: spaces around a value are none of it.
      for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer ", " Bearer"]) {
        const { status } = await fetch(route.path, withBearer(route.init, `${scheme} ${key} `));
        expect([401, 403], scheme).not.toContain(status);
      }
      const { status } = await fetch(`${route.path}?key=${percentEncode(key)}`, route.init);
      expect([401, 403]).not.toContain(status);
    },
  );
});

function percentEncode(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
    .join("");
}
