import { join } from "node:path";
import { expect, it } from "vitest";
import { openDuckDb } from "../../../worker/duckdb/database.ts";
import { scrubFile } from "../../../worker/duckdb/scrub-file.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

it("scrubFile() waits for a reader who still sees what was deleted", async () => {
  const folder = await makeTempDir("duckdb-scrub");
  const database = await openDuckDb({ path: join(folder.path, "a.duckdb"), threads: 1 });
  const connection = await database.connect();
  try {
    await connection.run(
      "create table words as select 'word ' || i as word from range(300000) as r(i)",
    );
    await connection.run("checkpoint");
    const statement = { text: "select word from words", params: [] };
    const reading = database.stream(statement)[Symbol.asyncIterator]();
    await reading.next();
    await connection.run("update words set word = '' where word = 'word 7'");
    await connection.run("delete from words where word = ''");

    let isScrubbed = false;
    const scrubbing = scrubFile(connection).then(() => {
      isScrubbed = true;
    });
    let rows = 2_048;
    for (let piece = await reading.next(); piece.done !== true; piece = await reading.next()) {
      expect(isScrubbed).toBe(false);
      rows += piece.value.length;
    }
    expect(rows).toBe(300_000);
    await scrubbing;
  } finally {
    connection.closeSync();
    database.close();
    await folder.remove();
  }
});
