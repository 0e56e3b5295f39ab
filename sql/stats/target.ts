import type { Dialect } from "../dialect.ts";
import type { Bind } from "../parameter.ts";

/** What each kind's compiler gives: the text, and what it reads. */
export type CompiledRows = { readonly text: string; readonly source: string };

/** All that a compiler needs besides its query. */
export type Target = {
  readonly projectId: string;
  readonly dialect: Dialect;
  readonly bind: Bind;
};
