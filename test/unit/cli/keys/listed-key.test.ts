import { describe, expect, test } from "vitest";
import { formatKeys, listKeys, toJson } from "../../../../cli/keys/listed-key.ts";
import { planReissue } from "../../../../cli/keys/reissue.ts";
import { createKey } from "../../../../contract/key.ts";
import { type KnownKey, secretId } from "../../../../contract/key-register.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const SECRETS = { current: "new", previous: "old" };
const REVOKED_AT = "2026-02-01T00:00:00.000Z";

function known(key: Partial<KnownKey> = {}): KnownKey {
  return { scope: "w", created_at: "2026-01-01T00:00:00.000Z", signed_by: secretId("old"), ...key };
}

function listOf(
  keys: Readonly<Record<string, KnownKey>>,
  revoked: Readonly<Record<string, string>> = {},
) {
  const answer = {
    known: new Map(Object.entries(keys)),
    revocations: new Map(Object.entries(revoked)),
  };
  return listKeys(answer, SECRETS, NOW_MS);
}

describe("listKeys()", () => {
  test("goes by project and age, and what it only knows to be revoked comes last", () => {
    const keys = listOf(
      {
        "b:1": known(),
        "a:young": known({ created_at: "2026-02-01T00:00:00.000Z" }),
        "a:old": known(),
      },
      { "a:lost": REVOKED_AT },
    );
    expect(keys.map(({ projectId, kid }) => `${projectId}:${kid}`)).toEqual([
      "a:old",
      "a:young",
      "a:lost",
      "b:1",
    ]);
  });

  test.each([
    ["valid", known(), {}],
    ["valid", known({ signed_by: secretId("new") }), {}],
    ["valid", known({ expires_at: "2026-03-01T12:00:01.000Z" }), {}],
    ["expired", known({ expires_at: "2026-03-01T12:00:00.000Z" }), {}],
    ["expired", known({ expires_at: "2026-01-01T00:00:00.000Z", signed_by: "x" }), {}],
    ["retired", known({ signed_by: secretId("older") }), {}],
    [
      "revoked",
      known({ signed_by: "x", expires_at: "2020-01-01T00:00:00Z" }),
      { "p:k": REVOKED_AT },
    ],
  ] as const)("calls one %s: %o", (state, key, revoked) => {
    expect(listOf({ "p:k": key }, revoked)).toMatchObject([{ state }]);
  });

  test("calls none retired where it knows no secret, or not who signed it", () => {
    const { signed_by: _, ...unsigned } = known();
    expect(listOf({ "p:k": unsigned })).toMatchObject([{ state: "valid" }]);
    const answer = { known: new Map([["p:k", known()]]), revocations: new Map() };
    expect(listKeys(answer, undefined, NOW_MS)).toMatchObject([{ state: "valid" }]);
  });
});

test("formatKeys() and toJson() show labels without what steers a terminal, and without keys", () => {
  const secret = createKey({ scope: "w", projectId: "p", kid: "k" }, "a secret");
  const keys = listOf({ "p:k": known({ label: `\u001b[2J ${secret}` }) });
  const table = formatKeys(keys, undefined);
  expect(table).toBe(
    "PROJECT  KID  SCOPE  CREATED               EXPIRES  STATE  LABEL\n" +
      "p        k    write  2026-01-01T00:00:00Z  never    valid  \\u001b[2J slu_w_p_k_[redacted]\n",
  );
  expect(keys.map(toJson)).toMatchObject([{ label: "\u001b[2J slu_w_p_k_[redacted]" }]);
});

describe("planReissue()", () => {
  const current = { signed_by: secretId("new") };

  test("replaces valid keys of the previous secret, each once", () => {
    const keys = listOf(
      {
        "p:a": known(),
        "p:b": known(),
        "p:c": known({ ...current, replaces: "b" }),
        "p:d": known(current),
        "p:e": known({ expires_at: "2026-01-01T00:00:00Z" }),
        "p:f": known(),
        "p:g": known({ signed_by: secretId("older") }),
      },
      { "p:f": REVOKED_AT, "p:unlisted": REVOKED_AT },
    );
    const plan = planReissue(keys, SECRETS).map(({ kid, replacement }) => [kid, replacement?.kid]);
    expect(plan).toEqual([
      ["a", undefined],
      ["b", "c"],
    ]);
  });

  test.each([
    ["revoked", { "p:b": known({ ...current, replaces: "a" }) }, { "p:b": REVOKED_AT }],
    ["of another project", { "q:b": known({ ...current, replaces: "a" }) }, {}],
    ["of an older rotation", { "p:b": known({ signed_by: "x", replaces: "a" }) }, {}],
  ])("takes no replacement that is %s", (_, others, revoked) => {
    const plan = planReissue(listOf({ "p:a": known(), ...others }, revoked), SECRETS);
    expect(plan).toMatchObject([{ kid: "a", replacement: undefined }]);
  });
});
