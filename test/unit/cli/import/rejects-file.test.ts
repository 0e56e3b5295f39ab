import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatReject, RejectsFile } from "../../../../cli/import/rejects-file.ts";

function format(text: string) {
  const rejection = { code: "invalid_event", pointer: "/a", detail: 'not "b"' } as const;
  return formatReject({ line: { number: 7, bytes: Buffer.from(text) }, rejection });
}

describe("formatReject()", () => {
  test("keeps an event byte for byte", () => {
    expect(format('{"a":1.0, "n":12345678901234567890}')).toBe(
      '{"line":7,"code":"invalid_event","pointer":"/a","detail":"not \\"b\\"","event":{"a":1.0, "n":12345678901234567890}}',
    );
  });

  test("keeps what is not JSON as text", () => {
    expect(JSON.parse(format('{"a"\t'))).toMatchObject({ line: 7, raw: '{"a"\t' });
  });
});

describe("RejectsFile", () => {
  function makeDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), "sluice-rejects-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    return directory;
  }

  test("is not lengthened to what a progress file claims", () => {
    const path = join(makeDirectory(), "rejects.ndjson");
    writeFileSync(path, "{}\n");
    expect(() => new RejectsFile(path, 1e12)).toThrow(
      `Cannot continue: ${path} holds fewer rejects than there were; start over with --restart`,
    );
    expect(statSync(path).size).toBe(3);
  });

  test("does not move a directory aside", () => {
    const path = join(makeDirectory(), "rejects");
    mkdirSync(path);
    expect(() => new RejectsFile(path, 0)).toThrow(`Cannot write rejects: ${path} is a directory`);
  });
});
