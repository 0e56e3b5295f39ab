import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { CliError, UsageError } from "../cli-error.ts";

/**
 * Makes a secret for an edge whose secrets are kept elsewhere, and says on stderr what to do with it. The secret itself goes to stdout,
 * or into a new file that its owner alone can read.
 * @throws {UsageError} while another rotation goes on, {CliError} when the file cannot be made
 */
export function printNewSecret(
  env: Readonly<Record<string, string | undefined>>,
  output: string | undefined,
): void {
  if (env.KEY_SECRET_PREVIOUS || env.KEY_SECRET_PREVIOUS_FILE) {
    throw new UsageError(
      "KEY_SECRET_PREVIOUS is set: finish the last rotation first, or the keys before it would be refused at once",
    );
  }
  const secret = `${randomBytes(32).toString("hex")}\n`;
  if (output === undefined) process.stdout.write(secret);
  else writeSecret(output, secret);
  process.stderr.write(rotationSteps(keepPresentSecret(env), output));
}

function writeSecret(path: string, secret: string): void {
  try {
    writeFileSync(path, secret, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "EEXIST" ? "it exists, and is not replaced" : code;
    throw new CliError(`Cannot write ${path}: ${reason}`, { cause });
  }
}

/** Hands on the present secret without showing it, where it is here. */
function keepPresentSecret(env: Readonly<Record<string, string | undefined>>): string {
  const put = "npx wrangler secret put KEY_SECRET_PREVIOUS";
  if (env.KEY_SECRET_FILE) return `${put} < "$KEY_SECRET_FILE"`;
  return env.KEY_SECRET ? `printenv KEY_SECRET | ${put}` : `${put}    # asks for it`;
}

function rotationSteps(keepPresent: string, output: string | undefined): string {
  const put = "npx wrangler secret put KEY_SECRET";
  return `
The new secret is ${output === undefined ? "the line on standard output" : `in ${output}`}. In this order:

  1. What the present secret signed stays valid
       ${keepPresent}
  2. The new one signs
       ${output === undefined ? `${put}    # asks for it` : `${put} < ${output}`}
  3. With both set here as KEY_SECRET and KEY_SECRET_PREVIOUS, a new key for each that is listed; hand them out
       sluice keys rotate-secret --reissue
  4. When nobody uses the old ones
       npx wrangler secret delete KEY_SECRET_PREVIOUS

An edge in a container has both as variables, or as files that KEY_SECRET_FILE and KEY_SECRET_PREVIOUS_FILE name: change them
together and start it again. Revoked keys stay revoked. If the present secret was stolen, leave out step 1: all keys of it are refused at once.
`;
}

export const FINISH_STEPS = `Once nobody uses the keys that the previous secret signed, they are refused after
  npx wrangler secret delete KEY_SECRET_PREVIOUS
An edge in a container: take away KEY_SECRET_PREVIOUS or KEY_SECRET_PREVIOUS_FILE and start it again.
`;
