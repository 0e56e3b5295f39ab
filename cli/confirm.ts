import { createInterface } from "node:readline/promises";
import { UsageError } from "./cli-error.ts";

/** Asks on the terminal. @throws {UsageError} where nobody can be asked. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`${question} Pass --yes where nobody can be asked`);
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  prompt.once("close", () => ended.abort());
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: ended.signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    // Ctrl-C or the end of input is an answer.
    if (ended.signal.aborted) return false;
    throw error;
  } finally {
    prompt.close();
  }
}
