import { brotliCompressSync, crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";

/** Ways to pack a body, right and wrong ones. */
export type Packing = (typeof PACKINGS)[number];

export const PACKINGS = [
  "gzip",
  "gzip-stored",
  "gzip-with-name",
  "gzip-with-all-flags",
  "gzip-truncated",
  "gzip-truncated-head",
  "gzip-no-trailer",
  "gzip-wrong-crc",
  "gzip-wrong-size",
  "gzip-flipped",
  "gzip-twice",
  "gzip-two-members",
  "gzip-empty-member-first",
  "gzip-garbage-behind",
  "gzip-zeros-behind",
  "gzip-bomb",
  "gzip-bomb-of-members",
  "gzip-reserved-flags",
  "gzip-other-method",
  "gzip-magic-before-text",
  "deflate",
  "deflate-raw",
  "brotli",
] as const;

/** Far more than a body may hold, in few bytes. */
const BOMB_BYTES = 64 * 1024 * 1024;

export function pack(body: Buffer, packing: Packing): Buffer {
  const packed = gzipSync(body, { level: 1 });
  switch (packing) {
    case "gzip":
      return packed;
    case "gzip-stored":
      return gzipSync(body, { level: 0 });
    case "gzip-with-name":
      return withFlags(body, FLAG_NAME, Buffer.from("events.json\0"));
    case "gzip-with-all-flags":
      return withAllFlags(body);
    case "gzip-truncated":
      return packed.subarray(0, Math.floor(packed.length / 2));
    case "gzip-truncated-head":
      return packed.subarray(0, 5);
    case "gzip-no-trailer":
      return packed.subarray(0, -8);
    case "gzip-wrong-crc":
      return changed(packed, packed.length - 8);
    case "gzip-wrong-size":
      return changed(packed, packed.length - 1);
    case "gzip-flipped":
      return changed(packed, 10 + Math.floor((packed.length - 18) / 2));
    case "gzip-twice":
      return gzipSync(packed);
    case "gzip-two-members":
      return Buffer.concat([gzipSync(body.subarray(0, 7)), gzipSync(body.subarray(7))]);
    case "gzip-empty-member-first":
      return Buffer.concat([gzipSync(Buffer.alloc(0)), packed]);
    case "gzip-garbage-behind":
      return Buffer.concat([packed, Buffer.from("garbage")]);
    case "gzip-zeros-behind":
      return Buffer.concat([packed, Buffer.alloc(100)]);
    case "gzip-bomb":
      return bomb();
    case "gzip-bomb-of-members":
      return Buffer.concat(Array.from({ length: 400 }, () => smallBomb()));
    case "gzip-reserved-flags":
      return changed(packed, 3, 0xe0);
    case "gzip-other-method":
      return changed(packed, 2, 7);
    case "gzip-magic-before-text":
      return Buffer.concat([Buffer.from([0x1f, 0x8b, 0x08]), body]);
    case "deflate":
      return deflateSync(body);
    case "deflate-raw":
      return deflateRawSync(body);
    case "brotli":
      return brotliCompressSync(body);
  }
}

/** Whether a reader of gzip (RFC 1952) gets the body back, and nothing else. */
export function isReadable(packing: Packing): boolean {
  return [
    "gzip",
    "gzip-stored",
    "gzip-with-name",
    "gzip-with-all-flags",
    "gzip-two-members",
    "gzip-empty-member-first",
  ].includes(packing);
}

const FLAG_NAME = 0x08;

function withFlags(body: Buffer, flags: number, fields: Buffer): Buffer {
  const head = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(body), 0);
  trailer.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, fields, deflateRawSync(body), trailer]);
}

/** Text, a checksum of the head, an extra field, a name and a comment. */
function withAllFlags(body: Buffer): Buffer {
  const head = Buffer.from([0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 255]);
  const fields = Buffer.concat([Buffer.from([3, 0, 1, 2, 3]), Buffer.from("name\0comment\0")]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc32(Buffer.concat([head, fields])) & 0xffff);
  return withFlags(body, 0x1f, Buffer.concat([fields, checksum]));
}

function changed(bytes: Buffer, at: number, value?: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = Math.max(0, Math.min(at, copy.length - 1));
  copy[index] = value ?? (copy[index] ?? 0) ^ 0xff;
  return copy;
}

let bombBytes: Buffer | undefined;

function bomb(): Buffer {
  bombBytes ??= gzipSync(Buffer.alloc(BOMB_BYTES, " "), { level: 9 });
  return bombBytes;
}

let smallBombBytes: Buffer | undefined;

function smallBomb(): Buffer {
  smallBombBytes ??= gzipSync(Buffer.alloc(256 * 1024, "["), { level: 9 });
  return smallBombBytes;
}
