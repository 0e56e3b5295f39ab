import { expect, test } from "vitest";
import { judgeKeys } from "../../../../cli/doctor/judge-keys.ts";
import type { EdgeFacts, KeyFacts } from "../../../../cli/parts/look-at-edge.ts";
import { createKey } from "../../../../contract/key.ts";
import { complaints, edgeFacts, NOW_MS, reply, SILENT, told } from "./facts.ts";

const SECRET = "a secret of at least 32 characters";
const CLAIMS = { scope: "w", projectId: "shop", kid: "k1" } as const;
const DAY_S = 86_400;
const NOW_S = NOW_MS / 1_000;
const KEY = createKey(CLAIMS, SECRET);
const EMPTY = told(reply(422));

function judge(text: string, answer: KeyFacts["answer"], keySecrets: string[] = [SECRET]) {
  const key = { name: "SLUICE_KEY", text };
  const edge: EdgeFacts = edgeFacts({ keys: [{ ...key, scope: "w", answer }] });
  return judgeKeys(edge, { keys: [key], keySecrets }, NOW_MS);
}

test("judgeKeys() takes any answer but a refusal for an acceptance", () => {
  expect(judge(KEY, EMPTY)).toMatchObject([
    { level: "ok", detail: "is accepted, for project shop" },
  ]);
});

test.each([
  ["slu_w_shop", EMPTY, "failure SLUICE_KEY: is not a key, or not a whole one"],
  [
    `${KEY.slice(0, -1)}${KEY.endsWith("0") ? "1" : "0"}`,
    EMPTY,
    "failure SLUICE_KEY: is mistyped: its checksum does not fit",
  ],
  [
    createKey({ ...CLAIMS, expiresAt: NOW_S - 1 }, SECRET),
    EMPTY,
    "failure SLUICE_KEY: has expired → make one with sluice keys create",
  ],
  [
    createKey(CLAIMS, "another secret of at least 32 characters"),
    EMPTY,
    "failure SLUICE_KEY: was not signed with KEY_SECRET",
  ],
  [
    KEY,
    told(reply(401, { title: "A valid key is required", detail: "It is revoked" })),
    "failure SLUICE_KEY: it answered 401, A valid key is required: It is revoked",
  ],
  [
    createKey({ ...CLAIMS, expiresAt: NOW_S + 3 * DAY_S }, SECRET),
    EMPTY,
    "warning SLUICE_KEY: is accepted, for project shop, and expires in 3 d",
  ],
  [KEY, SILENT, "skipped SLUICE_KEY: could not be tried: no answer within 2.5 s"],
  [KEY, undefined, "skipped SLUICE_KEY: set SLUICE_URL, to have it tried"],
])("judgeKeys() judges %j that is answered %j", (key, answer, complaint) => {
  const found = complaints(judge(key, answer));
  expect(found).toEqual([expect.stringContaining(complaint)]);
  expect(found.join()).not.toContain(key.slice(-8));
});

test("judgeKeys() leaves a signature to the edge where it has no secret", () => {
  expect(complaints(judge(KEY, EMPTY, []))).toEqual([]);
});

test("judgeKeys() says what to set", () => {
  expect(complaints(judgeKeys(undefined, { keys: [], keySecrets: [] }, NOW_MS))).toEqual([
    "skipped SLUICE_KEY: set it to a key, to have it tried",
  ]);
});
