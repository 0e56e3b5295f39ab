/**
 * A small stack for the tests of the supervisor, run as `npm start` runs the real one:
 * `node test/support/supervised.ts DATA_DIR PORT_A PORT_B`. Part b needs a, and starts a child.
 */
import { fileURLToPath } from "node:url";
import type { Part } from "../../local/part.ts";
import { answersHttp } from "../../local/probes.ts";
import { runStack } from "../../local/run-stack.ts";

const [dataDir = "", portA = "", portB = ""] = process.argv.slice(2);

function partOf(name: string, port: string, needs: readonly string[]): Part {
  const script = fileURLToPath(new URL("web-part.ts", import.meta.url));
  return {
    name,
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", script, port],
    needs,
    isReady: (signal) => answersHttp(`http://127.0.0.1:${port}`, signal),
    readyTimeoutMs: 20_000,
    stopTimeoutMs: 5_000,
  };
}

try {
  await runStack({
    dataDir,
    prepare: async () => ({
      parts: [partOf("a", portA, []), partOf("b", portB, ["a"])],
      description: { edge_url: `http://127.0.0.1:${portB}` },
    }),
    onReady: () => process.stdout.write("ready\n"),
    say: (line) => process.stderr.write(`${line}\n`),
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
