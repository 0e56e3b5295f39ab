import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks on the terminal for what must not stay on it. Ctrl-C or the end of input gives an empty text. */
export async function askHidden(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const ended = new AbortController();
  prompt.once("close", () => ended.abort());
  // Only now: until the interface has taken the terminal over, that one shows what is typed.
  process.stderr.write(question);
  try {
    return await prompt.question("", { signal: ended.signal });
  } catch (error) {
    if (ended.signal.aborted) return "";
    throw error;
  } finally {
    prompt.close();
    process.stderr.write("\n");
  }
}
