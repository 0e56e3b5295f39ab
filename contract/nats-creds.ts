import { z } from "zod";
import type { SettingFault } from "./production-faults.ts";

/** Three parts in base64url, of which the first two begin with `{"`. */
const JWT = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/;
/** Of a user: two letters, then 32 bytes of key, a role and a checksum in base32. */
const USER_SEED = /SU[A-Z2-7]{56}(?![A-Z2-7])/;

/**
 * `NATS_CREDS`: the content of a .creds file. It becomes the plain form of one, since the clients' own readers want every line to end as
 * nsc ends it: not with `\r\n`, nor with `\n` in two characters, as files of variables have it, and not left out at the end, as it is of
 * secrets in files. No issue quotes the value.
 */
export const natsCreds = z.string().transform((text, context) => {
  const jwt = JWT.exec(text)?.[0];
  const seed = USER_SEED.exec(text)?.[0];
  if (jwt !== undefined && seed !== undefined) return formatCreds(jwt, seed);
  const missing = jwt === undefined ? "JWT" : "seed (SU…) of a user";
  context.addIssue({
    code: "custom",
    message: `is not the content of a .creds file: it has no ${missing}`,
  });
  return z.NEVER;
});

/** Creds are a whole login: beside them a user or a password would be one that nobody uses. */
export function findLoginFaults(settings: Readonly<Record<string, unknown>>): SettingFault[] {
  const others = ["NATS_USER", "NATS_PASSWORD"].filter((name) => settings[name]);
  if (!settings.NATS_CREDS || others.length === 0) return [];
  const message = `cannot be used together with ${others.join(" and ")}: set one login or the other`;
  return [{ name: "NATS_CREDS", message }];
}

function formatCreds(jwt: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}
