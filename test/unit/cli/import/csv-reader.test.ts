import { describe, expect, test } from "vitest";
import { CsvReader } from "../../../../cli/import/csv-reader.ts";

const options = { map: {}, properties: undefined, types: {}, isInferring: false, delimiter: "," };

async function readAll(text: string, chunkBytes: number) {
  const reader = new CsvReader(options);
  const bytes = Buffer.from(text);
  const lines = [];
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    lines.push(...(await reader.push(bytes.subarray(start, start + chunkBytes))));
  }
  return [...lines, ...(await reader.end())];
}

describe("CsvReader", () => {
  const text = '\uFEFFevent_type,user_id,a\r\ne,u,"1\r\n""é"""\n\ne,u,2\r\ne,u\ne,u,3';

  test.each([1, 2, 3, 7, 1000])(
    "reads rows with the line they begin at, in chunks of %i bytes",
    async (chunkBytes) => {
      const lines = await readAll(text, chunkBytes);
      expect(lines.map(({ number, rejection }) => [number, rejection?.code])).toEqual([
        [2, undefined],
        [5, undefined],
        [6, "invalid_event"],
        [7, undefined],
      ]);
      expect(JSON.parse(String(lines[0]?.bytes)).properties).toEqual({ a: '1\r\n"é"' });
    },
  );

  test.each([
    ['event_type,user_id\n"e,u\n', "line 2: a quote is not closed"],
    ['event_type,user_id\n"e"x,u\n', "line 2: text follows a closing quote"],
    ['event_type,user_id\ne,u\nx"e",u\n', "line 3: a quote stands inside a cell"],
    [`event_type,user_id\n"e,${"x".repeat(1_100_000)}`, "longer than 1048576 characters"],
  ])("says where quoting is wrong: %.40s", async (content, message) => {
    await expect(readAll(content, 65_536)).rejects.toThrow(message);
  });

  test("refuses what is not UTF-8, also at the very end", async () => {
    const reader = new CsvReader(options);
    await reader.push(Buffer.concat([Buffer.from("event_type,user_id\ne,"), Buffer.from([0xc3])]));
    await expect(reader.end()).rejects.toThrow("not UTF-8");
  });
});
