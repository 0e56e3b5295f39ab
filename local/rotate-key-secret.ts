import { loadSecrets, makeSecret, type Secrets, storeSecrets } from "./secrets.ts";

/**
 * Gives the stack on a data directory a new secret for keys, from its next start on. Keys of the one before stay valid until
 * {@link finishKeyRotation}.
 * @throws while keys of an even older one are valid, which would be refused at once
 */
export async function rotateKeySecret(dataDir: string): Promise<Secrets> {
  const secrets = await loadSecrets(dataDir);
  if (secrets.keySecretPrevious !== undefined) {
    throw new Error(`Cannot rotate the secret in ${dataDir}: the last rotation is not finished`);
  }
  const { keySecret: keySecretPrevious } = secrets;
  const rotated = { ...secrets, keySecret: makeSecret(), keySecretPrevious };
  await storeSecrets(dataDir, rotated);
  return rotated;
}

/** Has the stack refuse the keys of the previous secret, from its next start on. @throws when there is none */
export async function finishKeyRotation(dataDir: string): Promise<void> {
  const { keySecretPrevious, ...secrets } = await loadSecrets(dataDir);
  if (keySecretPrevious === undefined) {
    throw new Error(`Cannot finish a rotation in ${dataDir}: none is under way`);
  }
  await storeSecrets(dataDir, secrets);
}
