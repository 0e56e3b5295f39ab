import type { Framing, Header } from "../http/http-request.ts";

/** A request to the worker as data. */
export type WorkerPlan = {
  readonly kind: string;
  readonly method: string;
  readonly path: string;
  readonly token: "right" | "none" | { readonly text: string };
  readonly headers: readonly Header[];
  /** JSON, or what is meant for it. */
  readonly body?: string | undefined;
  readonly framing?: Framing | undefined;
};

/** Two projects that have events, each with a text that is in no other's. */
export const WORKER_PROJECTS = ["fuzz-left", "fuzz-right"] as const;
export const MARKS: Readonly<Record<string, string>> = {
  "fuzz-left": "mark-of-the-left",
  "fuzz-right": "mark-of-the-right",
};
export const KNOWN_ID = "0190a0a0-0000-7000-8000-00000000000";
