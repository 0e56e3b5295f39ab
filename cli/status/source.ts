import type { Answer } from "../parts/answer.ts";

/** One thing that is asked again and again, and what it said lately. */
export type Source<Value> = {
  /** Asks once. Never rejects. */
  look(): Promise<void>;
  /** Undefined before the first answer. */
  latest(): Answer<Value> | undefined;
  /** What was said within the window, oldest first; the last is what rates are measured to. */
  history(): readonly Said<Value>[];
};

export type Said<Value> = { readonly atMs: number; readonly value: Value };

/** Long enough that counts which arrive in lumps make an even rate, short enough to be "now". */
const WINDOW_MS = 10_000;

export function createSource<Value>(
  question: () => Promise<Answer<Value>>,
  now: () => number,
): Source<Value> {
  let latest: Answer<Value> | undefined;
  let history: Said<Value>[] = [];
  return {
    async look() {
      const answer = await question();
      const atMs = now();
      latest = answer;
      if ("value" in answer) history.push({ atMs, value: answer.value });
      // Two are kept whatever their age: a slow interval has a rate, too.
      const recent = history.filter((said) => said.atMs >= atMs - WINDOW_MS);
      history = recent.length < 2 && "value" in answer ? history.slice(-2) : recent;
    },
    latest: () => latest,
    history: () => history,
  };
}
