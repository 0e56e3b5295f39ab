import type { Rejection } from "../../contract/rejection.ts";

/** One event of an input, or one part of it that cannot be an event. */
export type Line = {
  /** Counted from 1, as an editor shows it; of a CSV row over several lines, the first. */
  readonly number: number;
  /** JSON without a newline, or the original text if `rejection` is set. */
  readonly bytes: Buffer;
  /** Why it is not sent at all. */
  readonly rejection?: Rejection;
};

/** Turns an input's bytes into lines, in order. Holds at most one unfinished line. */
export type LineReader = {
  push(chunk: Buffer): readonly Line[] | Promise<readonly Line[]>;
  end(): readonly Line[] | Promise<readonly Line[]>;
};
