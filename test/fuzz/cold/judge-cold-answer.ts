import { basename } from "node:path";
import { findInternals } from "../http/find-internals.ts";
import { parseJson } from "../http/judge-exchange.ts";
import type { ColdAnswer } from "./cold-questions.ts";

export type Truth = {
  /** As it was when nothing was damaged. */
  readonly right: string;
  /** The file that is damaged. */
  readonly path: string;
  /** What the worker has logged meanwhile. */
  readonly news: string;
  /** What only another project has. */
  readonly otherMark: string;
};

/** An answer is right, or it says that it cannot be given and the log names the file. */
export function judgeColdAnswer(
  { status, text }: ColdAnswer,
  { right, path, news, otherMark }: Truth,
): string | undefined {
  if (text.includes(otherMark)) return "it tells what another project has";
  if (status === -1) return "no answer within 20 s";
  if (status === 200)
    return text === right ? undefined : "another answer than before, without a word";
  if (!news.includes(basename(path))) return `${status}, and the log does not name the file`;
  // An export that has begun can only be cut.
  if (status === 0) return undefined;
  const type = (parseJson(text) as { type?: unknown } | undefined)?.type;
  if (status !== 503 || type !== "/problems/store-unavailable") return `${status} ${text}`;
  const leak = findInternals(text, "", [path]);
  return leak === undefined ? undefined : `503 tells ${leak}`;
}
