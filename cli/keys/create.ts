import { createKey, type KeyClaims, type KeyScope } from "../../contract/key.ts";
import { type KnownKey, secretId } from "../../contract/key-register.ts";
import { revocationField } from "../../contract/revocation.ts";
import { CliError } from "../cli-error.ts";
import { findDeployment, needSecrets } from "./deployment.ts";
import { createKid, findFreeKid } from "./kid.ts";
import { formatExpiry, toInstant } from "./listed-key.ts";
import { type KeyRegister, openRegister } from "./register.ts";

export type CreateOptions = {
  readonly project: string;
  readonly scope: KeyScope;
  /** In Unix seconds. */
  readonly expires?: number;
  readonly label?: string;
  readonly json?: boolean;
};

/** `sluice keys create`. A key is valid by its signature alone, so that one is made while Redis is away, too. */
export async function create(options: CreateOptions): Promise<void> {
  const { project: projectId, scope, expires: expiresAt, label, json } = options;
  const deployment = findDeployment(process.env);
  const { current } = needSecrets(deployment);
  const known: KnownKey = {
    scope,
    ...(label === undefined ? {} : { label }),
    created_at: new Date().toISOString(),
    ...(expiresAt === undefined ? {} : { expires_at: toInstant(expiresAt) }),
    signed_by: secretId(current),
  };
  const { kid, doubt } = await listKey(
    projectId,
    known,
    deployment.redis && openRegister(deployment.redis),
  );
  const claims: KeyClaims = { scope, projectId, kid };
  const key = createKey(expiresAt === undefined ? claims : { ...claims, expiresAt }, current);
  const { created_at, expires_at = null } = known;
  process.stdout.write(
    json
      ? `${JSON.stringify({ key, project_id: projectId, kid, scope, label: label ?? null, created_at, expires_at, is_listed: doubt === undefined })}\n`
      : `${key}\n`,
  );
  process.stderr.write(describe(claims, known));
  if (doubt === undefined) return;
  process.stderr.write(
    `Warning: the key is valid, but sluice keys list does not show it: ${doubt}\n`,
  );
}

async function listKey(
  projectId: string,
  known: KnownKey,
  register: KeyRegister | undefined,
): Promise<{ readonly kid: string; readonly doubt?: string }> {
  let kid = createKid();
  if (register === undefined) return { kid, doubt: "no Redis is given" };
  try {
    kid = await findFreeKid(projectId, register);
    await register.add(new Map([[revocationField({ projectId, kid }), known]]));
    return { kid };
  } catch (error) {
    if (error instanceof CliError) return { kid, doubt: error.message };
    throw error;
  }
}

function describe({ scope, projectId, kid }: KeyClaims, known: KnownKey): string {
  const end = known.expires_at === undefined ? "without an end" : `until ${formatExpiry(known)}`;
  return (
    `Created a key to ${SCOPE_USES[scope]} project ${projectId}, valid ${end}; its kid is ${kid}\n` +
    `It is shown this once. To take it back: sluice keys revoke ${kid} --project ${projectId}\n`
  );
}

const SCOPE_USES: Readonly<Record<KeyScope, string>> = {
  w: "write to",
  r: "read",
  a: "administer",
};
