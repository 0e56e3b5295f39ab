import { describe, expect, test } from "vitest";
import { type Compression, shouldCompress } from "../../../../cli/import/sender.ts";

describe("shouldCompress()", () => {
  test.each<[Compression, string, number, boolean]>([
    ["auto", "https://events.example.com", 5000, true],
    ["auto", "https://events.example.com", 500, false],
    ["auto", "http://127.0.0.1:8787", 5000, false],
    ["auto", "http://localhost:8787", 5000, false],
    ["auto", "http://[::1]:8787", 5000, false],
    ["auto", "http://127.0.0.1.example.com", 5000, true],
    ["always", "http://localhost:8787", 5, true],
    ["never", "https://events.example.com", 5000, false],
  ])("%s to %s with %i bytes: %s", (compression, url, bytes, expected) => {
    expect(shouldCompress(compression, new URL(url), bytes)).toBe(expected);
  });
});
