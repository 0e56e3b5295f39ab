import type { KeyScope } from "../../contract/key.ts";
import { type KnownKey, secretId } from "../../contract/key-register.ts";
import { redact } from "../../contract/redact.ts";
import { formatMoment } from "../moment.ts";
import { formatTable } from "../table.ts";
import type { KeySecrets } from "./deployment.ts";
import type { KeyRegister } from "./register.ts";

/**
 * - `valid`: the edge takes it, as far as can be told here.
 * - `retired`: neither secret that the edge has signed it.
 */
export type KeyState = "valid" | "expired" | "revoked" | "retired";

export type ListedKey = {
  readonly projectId: string;
  readonly kid: string;
  /** Undefined: it was revoked and is not registered. */
  readonly key: KnownKey | undefined;
  readonly state: KeyState;
  readonly revokedAt: string | undefined;
};

export const SCOPE_NAMES: Readonly<Record<KeyScope, string>> = {
  w: "write",
  r: "read",
  a: "admin",
};

/** Every key that Redis knows of, by project and age; those that it only knows to be revoked come last. */
export function listKeys(
  { known, revocations }: Awaited<ReturnType<KeyRegister["read"]>>,
  secrets: KeySecrets | undefined,
  nowMs: number,
): ListedKey[] {
  const fields = [...new Set([...known.keys(), ...revocations.keys()])];
  const keys = fields.map((field): ListedKey => {
    const [projectId = "", kid = ""] = field.split(":");
    const key = known.get(field);
    const revokedAt = revocations.get(field);
    const state = revokedAt === undefined ? stateOf(key, secrets, nowMs) : "revoked";
    return { projectId, kid, key, state, revokedAt };
  });
  return keys.sort(compare);
}

export function formatKeys(keys: readonly ListedKey[], width: number | undefined): string {
  const header = ["PROJECT", "KID", "SCOPE", "CREATED", "EXPIRES", "STATE", "LABEL"];
  const rows = keys.map(({ projectId, kid, key, state }) => [
    projectId,
    kid,
    key === undefined ? "?" : SCOPE_NAMES[key.scope],
    key === undefined ? "?" : formatMoment(Date.parse(key.created_at)),
    key === undefined ? "?" : formatExpiry(key),
    state,
    // Whoever put a key into a label does not want it in a list.
    redact(key?.label ?? ""),
  ]);
  return formatTable(header, rows, width);
}

export function toJson({ projectId, kid, key, state, revokedAt }: ListedKey) {
  const label = key?.label;
  return {
    project_id: projectId,
    kid,
    scope: key?.scope ?? null,
    label: label === undefined ? null : redact(label),
    created_at: key?.created_at ?? null,
    expires_at: key?.expires_at ?? null,
    state,
    revoked_at: revokedAt ?? null,
    replaces: key?.replaces ?? null,
  };
}

/** As the list has it: RFC 3339, of a key's seconds. */
export function toInstant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}

export function formatExpiry({ expires_at }: Pick<KnownKey, "expires_at">): string {
  return expires_at === undefined ? "never" : formatMoment(Date.parse(expires_at));
}

function stateOf(
  key: KnownKey | undefined,
  secrets: KeySecrets | undefined,
  nowMs: number,
): KeyState {
  if (key?.expires_at !== undefined && nowMs >= Date.parse(key.expires_at)) return "expired";
  if (secrets === undefined || key?.signed_by === undefined) return "valid";
  const ids = [secrets.current, secrets.previous ?? secrets.current].map(secretId);
  return ids.includes(key.signed_by) ? "valid" : "retired";
}

function compare(a: ListedKey, b: ListedKey): number {
  const [first, second] = [a, b].map(
    ({ projectId, key, kid }) => `${projectId}\n${key?.created_at ?? "~"}\n${kid}`,
  ) as [string, string];
  return first < second ? -1 : 1;
}
