import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";

/**
 * Where a page of dead letters ends, as a text that tells its reader nothing: all projects' letters share one stream, so that its positions
 * would tell how many letters the others have. One block of AES-256 holds the position and a hash of the project: another project's
 * cursor, like one that nobody sealed, does not open.
 */
export function sealCursor(position: number, projectId: string, secret: string): string {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.writeBigUInt64BE(BigInt(position));
  markOf(projectId).copy(block, MARK_START);
  const cipher = createCipheriv(CIPHER, keyOf(secret), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]).toString("base64url");
}

/** The position that one of the secrets sealed for the project, or undefined. */
export function openCursor(
  cursor: string,
  projectId: string,
  secrets: readonly string[],
): number | undefined {
  const sealed = Buffer.from(cursor, "base64url");
  if (sealed.length !== BLOCK_BYTES) return undefined;
  for (const secret of secrets) {
    const decipher = createDecipheriv(CIPHER, keyOf(secret), null).setAutoPadding(false);
    const block = Buffer.concat([decipher.update(sealed), decipher.final()]);
    if (block.subarray(MARK_START).equals(markOf(projectId))) {
      return Number(block.readBigUInt64BE());
    }
  }
  return undefined;
}

const CIPHER = "aes-256-ecb";
const BLOCK_BYTES = 16;
const MARK_START = 8;

function keyOf(secret: string): Buffer {
  return createHmac("sha256", secret).update("cursor of dead letters").digest();
}

function markOf(projectId: string): Buffer {
  return createHash("sha256")
    .update(projectId)
    .digest()
    .subarray(0, BLOCK_BYTES - MARK_START);
}
