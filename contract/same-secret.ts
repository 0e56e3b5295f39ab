import { createHash, timingSafeEqual } from "node:crypto";

/** In constant time: the hashes are of one length, and tell nothing of where the texts differ. */
export function isSameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(hash(given), hash(wanted));
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
