import { expect, test } from "vitest";
import { createTally } from "../../../../cli/export/tally.ts";
import type { ExportFormat } from "../../../../contract/store-api.ts";

test.each<[ExportFormat, string, number | undefined]>([
  ["ndjson", "{}\n{}\n{}\n", 3],
  ["ndjson", "", 0],
  ["csv", 'event_id,user_id\r\n1,"a\nb"\r\n2,"""\n"\r\n', 2],
  ["csv", "event_id\r\n", 0],
  ["csv", "", 0],
  ["parquet", "PAR1\n\nPAR1", undefined],
])("createTally() counts %s %j, however it is cut", async (format, content, events) => {
  const bytes = Buffer.from(content);
  for (const size of [1, 2, 3, 1_000]) {
    let chunks = 0;
    const tally = createTally(format, () => {
      chunks += 1;
    });
    tally.stream.resume();
    for (let at = 0; at < bytes.length; at += size) {
      tally.stream.write(bytes.subarray(at, at + size));
    }
    tally.stream.end();
    await new Promise((resolve) => tally.stream.once("close", resolve));
    expect([tally.events(), tally.bytes()]).toEqual([events, bytes.length]);
    expect(chunks).toBe(Math.ceil(bytes.length / size));
  }
});
