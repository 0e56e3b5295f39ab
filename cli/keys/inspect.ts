import { hasExpired, type KeyClaims, verifyKey } from "../../contract/key.ts";
import { revocationField } from "../../contract/revocation.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { type Deployment, findDeployment, type KeySecrets } from "./deployment.ts";
import { readGivenKey } from "./given-key.ts";
import { SCOPE_NAMES, toInstant } from "./listed-key.ts";
import { openRegister } from "./register.ts";

export type InspectOptions = { readonly json?: boolean };

/** What is known of a key without asking the edge. */
type Finding = {
  readonly claims: KeyClaims;
  readonly form: "whole" | "mistyped" | "malformed";
  /** By which secret. `unknown`: there is none to compare with, or no sense in it. */
  readonly signature: "current" | "previous" | "foreign" | "unknown";
  readonly revokedAt: string | undefined;
  /** Why it is not known whether the key is revoked. */
  readonly revocationDoubt: string | undefined;
};

/** `sluice keys inspect`. Ends with 1 for a key that the edge would refuse. */
export async function inspect(argument: string, { json }: InspectOptions): Promise<void> {
  const given = await readGivenKey(argument);
  if ("kid" in given) throw new UsageError("A kid says nothing by itself: give the whole key");
  const { text, claims } = given;
  const deployment = findDeployment(process.env);
  const { status } = verifyKey(text, []);
  const form = status === "mistyped" || status === "malformed" ? status : "whole";
  const finding: Finding = {
    claims,
    form,
    signature: form === "whole" ? signatureOf(text, deployment.secrets) : "unknown",
    ...(await revocationOf(claims, deployment)),
  };
  const fault = faultOf(finding, Date.now());
  if (fault !== undefined) process.exitCode = 1;
  process.stdout.write(
    json ? `${JSON.stringify(toJson(finding, fault))}\n` : format(finding, fault),
  );
}

function signatureOf(text: string, secrets: KeySecrets | undefined): Finding["signature"] {
  if (secrets === undefined) return "unknown";
  const { current, previous } = secrets;
  if (verifyKey(text, [current]).status === "genuine") return "current";
  const isOlder = previous !== undefined && verifyKey(text, [previous]).status === "genuine";
  return isOlder ? "previous" : "foreign";
}

async function revocationOf(
  claims: KeyClaims,
  { redis }: Deployment,
): Promise<Pick<Finding, "revokedAt" | "revocationDoubt">> {
  if (redis === undefined) return { revokedAt: undefined, revocationDoubt: "no Redis is given" };
  try {
    const revokedAt = await openRegister(redis).revokedAt(revocationField(claims));
    return { revokedAt, revocationDoubt: undefined };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { revokedAt: undefined, revocationDoubt: error.message };
  }
}

/** Why the edge would refuse the key. */
function faultOf(finding: Finding, nowMs: number): string | undefined {
  const { claims, form, signature, revokedAt } = finding;
  if (form === "malformed") return "it is not whole, or has something else at its end";
  if (form === "mistyped") return "it is mistyped";
  if (signature === "foreign") return "it was not signed with a secret of this deployment";
  if (revokedAt !== undefined) return "it is revoked";
  return hasExpired(claims, nowMs) ? "it has expired" : undefined;
}

const CHECKSUMS = {
  whole: "fits",
  mistyped: "does not fit",
  malformed: "cannot be read",
};

const SIGNATURES = {
  current: "by the secret in use",
  previous: "by the previous secret: to be replaced before the rotation is finished",
  foreign: "by none of this deployment's secrets",
  unknown: "not checked",
};

function format(finding: Finding, fault: string | undefined): string {
  const { claims, form, signature, revokedAt, revocationDoubt } = finding;
  const isSure = signature !== "unknown" && revocationDoubt === undefined;
  const lines = [
    ["project", claims.projectId],
    ["kid", claims.kid],
    ["scope", SCOPE_NAMES[claims.scope]],
    ["expires", claims.expiresAt === undefined ? "never" : toInstant(claims.expiresAt)],
    ["checksum", CHECKSUMS[form]],
    ["signed", SIGNATURES[signature]],
    [
      "revoked",
      revokedAt ?? (revocationDoubt === undefined ? "no" : `not known: ${revocationDoubt}`),
    ],
    [
      "verdict",
      fault === undefined ? (isSure ? "valid" : "nothing against it") : `refused: ${fault}`,
    ],
  ];
  return lines.map(([name = "", text]) => `${name.padEnd(8)}  ${text}\n`).join("");
}

function toJson(finding: Finding, fault: string | undefined) {
  const { claims, form, signature, revokedAt, revocationDoubt } = finding;
  return {
    project_id: claims.projectId,
    kid: claims.kid,
    scope: claims.scope,
    expires_at: claims.expiresAt === undefined ? null : toInstant(claims.expiresAt),
    form,
    signature,
    revoked_at: revokedAt ?? null,
    is_revocation_known: revocationDoubt === undefined,
    is_refused: fault !== undefined,
  };
}
