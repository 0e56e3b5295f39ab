import { describe, expect, test } from "vitest";
import { formatReject } from "../../../../cli/import/rejects-file.ts";

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
