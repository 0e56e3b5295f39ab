import { crc32 } from "node:zlib";
import { createKey, type KeyClaims } from "../../contract/key.ts";

export const KEY_SECRET = "a secret of at least 32 characters";
export const BENCH_PROJECT = "bench";

const DAY_SECONDS = 86_400;

export type KeyClass = {
  readonly name: string;
  /** Classes that are answered with the same words: nothing else may tell them apart. */
  readonly answer: "forged" | "mistyped" | "malformed" | "expired" | "revoked" | "wrong scope";
  /** A key that was never seen: `kid` is new. All are of one length. */
  make(kid: string): string;
};

/** What a key can be. Where only the MAC is wrong the checksum is right, so that nothing else is found first. */
export const KEY_CLASSES: readonly KeyClass[] = [
  { name: "genuine, never seen", answer: "wrong scope", make: (kid) => genuine(kid) },
  {
    name: "first byte of the MAC wrong",
    answer: "forged",
    make: (kid) => withMac(kid, (mac) => flip(mac, 0)),
  },
  {
    name: "middle byte of the MAC wrong",
    answer: "forged",
    make: (kid) => withMac(kid, (mac) => flip(mac, 16)),
  },
  {
    name: "last byte of the MAC wrong",
    answer: "forged",
    make: (kid) => withMac(kid, (mac) => flip(mac, 30)),
  },
  {
    name: "signed with another secret",
    answer: "forged",
    make: (kid) => createKey(claimsOf(kid), "another secret of 32 characters .."),
  },
  {
    name: "checksum wrong",
    answer: "mistyped",
    make: (kid) => genuine(kid).replace(/..$/, (end) => flip(end, 0)),
  },
  { name: "malformed", answer: "malformed", make: (kid) => genuine(kid).replace(/.$/, "g") },
  { name: "expired", answer: "expired", make: (kid) => createKey(claimsOf(kid, -1), KEY_SECRET) },
  { name: "revoked", answer: "revoked", make: (kid) => genuine(kid) },
];

function claimsOf(kid: string, days = 1): KeyClaims {
  const expiresAt = Math.floor(Date.now() / 1_000) + days * DAY_SECONDS;
  return { scope: "w", projectId: BENCH_PROJECT, kid, expiresAt };
}

function genuine(kid: string): string {
  return createKey(claimsOf(kid), KEY_SECRET);
}

function withMac(kid: string, change: (mac: string) => string): string {
  const key = genuine(kid);
  const unchecked = key.slice(0, -40) + change(key.slice(-40, -8));
  return unchecked + crc32(unchecked).toString(16).padStart(8, "0");
}

/** Another byte in place of the one that begins at this digit. */
function flip(hex: string, index: number): string {
  const byte = Number.parseInt(hex.slice(index, index + 2), 16) ^ 0xff;
  return hex.slice(0, index) + byte.toString(16).padStart(2, "0") + hex.slice(index + 2);
}
