import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const START = fileURLToPath(new URL("../../../local/start.ts", import.meta.url));

it.each([
  ["--store", 'there is no store "paper", only timescale, duckdb, clickhouse'],
  ["--edge", 'there is no edge "paper", only workerd, node'],
])("npm start refuses an unknown %s before it starts anything", async (option, message) => {
  const args = ["--disable-warning=ExperimentalWarning", START, option, "paper"];
  const running = promisify(execFile)(process.execPath, args);
  await expect(running).rejects.toMatchObject({ code: 2, stderr: `Cannot start: ${message}\n` });
});
