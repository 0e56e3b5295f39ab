import { createKey, type KeyClaims } from "../../contract/key.ts";
import { type KnownKey, secretId } from "../../contract/key-register.ts";
import { redact } from "../../contract/redact.ts";
import { revocationField } from "../../contract/revocation.ts";
import { UsageError } from "../cli-error.ts";
import { count, formatTable } from "../table.ts";
import { type Deployment, type KeySecrets, needRedis, needSecrets } from "./deployment.ts";
import { findFreeKid } from "./kid.ts";
import { formatExpiry, type ListedKey, listKeys, SCOPE_NAMES } from "./listed-key.ts";
import { openRegister } from "./register.ts";

/** A key that the previous secret signed, and the one that takes over from it, if there is one already. */
export type Succession = {
  readonly projectId: string;
  readonly kid: string;
  readonly key: KnownKey;
  readonly replacement: { readonly kid: string } | undefined;
};

/**
 * Prints a replacement for each valid key that the previous secret signed: same project, scope, label and end, another kid, signed with
 * the present secret. Doing it again prints the same keys: a signature needs nothing but what is listed.
 */
export async function reissue(deployment: Deployment, isJson: boolean): Promise<void> {
  const secrets = needSecrets(deployment);
  if (secrets.previous === undefined) {
    throw new UsageError(
      deployment.dataDir === undefined
        ? "Nothing to replace: KEY_SECRET_PREVIOUS is not set, so no key of another secret is valid"
        : `Nothing to replace: no rotation of the secret is under way in ${deployment.dataDir}`,
    );
  }
  const register = openRegister(needRedis(deployment));
  const plan = planReissue(listKeys(await register.read(), secrets, Date.now()), secrets);
  const added = new Map<string, KnownKey>();
  const rows: Reissued[] = [];
  for (const { projectId, kid: replaces, key, replacement } of plan) {
    const kid = replacement?.kid ?? (await findFreeKid(projectId, register));
    if (replacement === undefined) {
      added.set(revocationField({ projectId, kid }), succeed(key, replaces, secrets.current));
    }
    rows.push({ projectId, replaces, kid, key, text: sign(projectId, kid, key, secrets.current) });
  }
  // No key is handed out that the list does not show: it could not be replaced by the next rotation.
  if (added.size > 0) await register.add(added);
  process.stdout.write(isJson ? rows.map(toJson).join("") : formatRows(rows));
  process.stderr.write(
    rows.length === 0
      ? "No listed key was signed with the previous secret\n"
      : `${count(rows.length, "replacement")}: the keys before them are valid until sluice keys rotate-secret --finish\n`,
  );
}

/** Which keys need a replacement, and which have one that is still good. */
export function planReissue(keys: readonly ListedKey[], secrets: KeySecrets): Succession[] {
  const currentId = secretId(secrets.current);
  const valid = keys.flatMap(({ projectId, kid, key, state }) =>
    key !== undefined && state === "valid" ? [{ projectId, kid, key }] : [],
  );
  const isCurrent = ({ key }: { readonly key: KnownKey }) => key.signed_by === currentId;
  return valid
    .filter((old) => !isCurrent(old))
    .map((old) => ({
      ...old,
      replacement: valid.find(
        (other) =>
          isCurrent(other) && other.projectId === old.projectId && other.key.replaces === old.kid,
      ),
    }));
}

type Reissued = Omit<Succession, "replacement"> & {
  readonly replaces: string;
  /** The whole new key. */
  readonly text: string;
};

function succeed(key: KnownKey, replaces: string, secret: string): KnownKey {
  return { ...key, created_at: new Date().toISOString(), signed_by: secretId(secret), replaces };
}

function sign(projectId: string, kid: string, { scope, expires_at }: KnownKey, secret: string) {
  const claims: KeyClaims = { scope, projectId, kid };
  const expiresAt = expires_at === undefined ? undefined : Date.parse(expires_at) / 1_000;
  return createKey(expiresAt === undefined ? claims : { ...claims, expiresAt }, secret);
}

/** Never cut to the terminal: half a key is of no use. */
function formatRows(rows: readonly Reissued[]): string {
  if (rows.length === 0) return "";
  const header = ["PROJECT", "SCOPE", "OLD KID", "EXPIRES", "LABEL", "NEW KEY"];
  return formatTable(
    header,
    rows.map(({ projectId, replaces, key, text }) => [
      projectId,
      SCOPE_NAMES[key.scope],
      replaces,
      formatExpiry(key),
      redact(key.label ?? ""),
      text,
    ]),
  );
}

function toJson({ projectId, replaces, kid, key, text }: Reissued): string {
  const { scope, label, expires_at } = key;
  return `${JSON.stringify({
    key: text,
    project_id: projectId,
    kid,
    scope,
    label: label === undefined ? null : redact(label),
    expires_at: expires_at ?? null,
    replaces,
  })}\n`;
}
