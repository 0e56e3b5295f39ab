/**
 * A process that writes batch after batch to the file of its first argument, and prints the number of each one that is committed. The
 * rows of a batch follow from its number, so that whoever reads the file knows them. Now and then it erases a user who has no events,
 * which merges rollups and scrubs the file. It ends when it is killed, or when the engine cannot go on, with what the errors were.
 */
import { pino } from "pino";
import { createDuckDbEngine } from "../../../worker/duckdb/duckdb-engine.ts";
import { batchOfNumber } from "./numbered-batch.ts";

// A file that may not grow any more then is an error of the disk.
process.on("SIGXFSZ", () => {});

const [path = "", first = "0"] = process.argv.slice(2);
const engine = createDuckDbEngine({ path, threads: 1, logger: pino({ level: "silent" }) });
await engine.prepare();
const ending = engine.run(new AbortController().signal).catch((error: unknown) => error);
const writer = engine.openWriter(1);
try {
  for (let number = Number(first); ; number += 1) {
    await writer.write(batchOfNumber(number));
    if (number % 10 === 0) await engine.eraseUser("p", "nobody");
    process.stdout.write(`${number}\n`);
  }
} catch (error) {
  process.stdout.write(`${engine.kindOf(error)}: ${error}\n${await ending}\n`);
  process.exit(1);
}
