import { hasExpired, readClaims, verifyKey } from "../../contract/key.ts";
import { describeRefusal } from "../describe-refusal.ts";
import type { Access } from "../parts/access.ts";
import { formatAge } from "../parts/format-age.ts";
import type { EdgeFacts, KeyFacts } from "../parts/look-at-edge.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warn, fail, skip } = findingsOf("keys");

const SOON_MS = 7 * 86_400_000;
const MAKE_ONE = "make one with sluice keys create";

/** Whether the edge takes the keys that we were given, and for how long it will. */
export function judgeKeys(
  edge: EdgeFacts | undefined,
  { keys, keySecrets }: Pick<Access, "keys" | "keySecrets">,
  nowMs: number,
): Finding[] {
  if (keys.length === 0) return [skip("SLUICE_KEY", "set it to a key, to have it tried")];
  return keys.map((key) => {
    const facts = edge?.keys.find(({ name }) => name === key.name);
    const fault = faultOf(key.text, keySecrets, nowMs);
    if (fault !== undefined) return fail(key.name, fault, MAKE_ONE);
    if (facts?.answer === undefined) return skip(key.name, "set SLUICE_URL, to have it tried");
    return judgeAnswer(facts, facts.answer, nowMs);
  });
}

/** What can be told without the edge. */
function faultOf(key: string, secrets: readonly string[], nowMs: number): string | undefined {
  const { status } = verifyKey(key, secrets);
  if (status === "malformed") return "is not a key, or not a whole one";
  if (status === "mistyped") return "is mistyped: its checksum does not fit";
  const claims = readClaims(key);
  if (claims !== undefined && hasExpired(claims, nowMs)) return "has expired";
  if (status === "forged" && secrets.length > 0) return "was not signed with KEY_SECRET";
  return undefined;
}

function judgeAnswer(
  { name, text }: KeyFacts,
  answer: NonNullable<KeyFacts["answer"]>,
  nowMs: number,
): Finding {
  if ("failure" in answer) return skip(name, `could not be tried: ${answer.failure}`);
  const { status, body } = answer.value;
  if (status === 401 || status === 403) {
    const fix = `is it of this edge, and not revoked (sluice keys inspect)? ${MAKE_ONE}`;
    return fail(name, describeRefusal(status, body), fix);
  }
  // Whatever else it says, it has looked at the key before.
  const { projectId = "", expiresAt } = readClaims(text) ?? {};
  const accepted = `is accepted, for project ${projectId}`;
  if (expiresAt === undefined || expiresAt * 1_000 - nowMs > SOON_MS) return ok(name, accepted);
  const left = formatAge(expiresAt * 1_000 - nowMs);
  return warn(name, `${accepted}, and expires in ${left}`, MAKE_ONE);
}
