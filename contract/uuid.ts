import { createHash } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** A new time-ordered id (RFC 9562 §5.7). */
export function createUuidV7(nowMs: number): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(16)).buffer);
  bytes.writeUIntBE(nowMs, 0, 6);
  return formatUuid(bytes, 7);
}

/** The millisecond a UUIDv7 was made at, or undefined for any other version. */
export function uuidV7EpochMs(uuid: string): number | undefined {
  if (uuid[14] !== "7") return undefined;
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

/** The name-based id of `name` (RFC 9562 §5.5): the same parts always give the same id. */
export function createUuidV5(namespace: string, name: string): string {
  const hash = createHash("sha1");
  hash.update(Buffer.from(namespace.replaceAll("-", ""), "hex")).update(name);
  return formatUuid(hash.digest().subarray(0, 16), 5);
}

function formatUuid(bytes: Buffer, version: number): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
