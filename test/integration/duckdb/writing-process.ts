/**
 * A process that writes batch after batch to the file of its first argument, and prints the number of each one that is committed. The
 * rows of a batch follow from its number, so that whoever reads the file knows them. Now and then it erases a user who has no events,
 * which merges rollups and scrubs the file. It ends when it is killed.
 */
import { pino } from "pino";
import { createDuckDbEngine } from "../../../worker/duckdb/duckdb-engine.ts";
import { batchOfNumber } from "./numbered-batch.ts";

const [path = "", first = "0"] = process.argv.slice(2);
const engine = createDuckDbEngine({ path, threads: 1, logger: pino({ level: "silent" }) });
await engine.prepare();
const writer = engine.openWriter(1);
for (let number = Number(first); ; number += 1) {
  await writer.write(batchOfNumber(number));
  if (number % 10 === 0) await engine.eraseUser("p", "nobody");
  process.stdout.write(`${number}\n`);
}
