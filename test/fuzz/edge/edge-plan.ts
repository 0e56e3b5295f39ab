import type { Packing } from "../corpus/gzip-cases.ts";
import type { Framing, Header } from "../http/http-request.ts";

/**
 * A request to the edge as data, so that a failing one can be printed, made smaller and sent again. Wherever it has text, `@id@` stands for a
 * new event id, `@ID@` and `@id32@` for one written otherwise, `@now@` for the time and `@mark@` for a text that only this project sends.
 */
export type EdgePlan = {
  /** Which generator or corpus made it. */
  readonly kind: string;
  /** Which of the two projects sends it. */
  readonly tenant: Tenant;
  readonly method: string;
  readonly path: string;
  /** As they stand in the URL, without `?` and `&`. */
  readonly parameters: readonly string[];
  readonly key: KeyPlan;
  readonly headers: readonly Header[];
  readonly body?: BodyPlan | undefined;
  readonly framing?: Framing | undefined;
  /** The name of a case of HTTP_CASES, in place of all but the project. */
  readonly httpCase?: string | undefined;
};

export type Tenant = 0 | 1;

export type KeyPlan =
  | {
      readonly scope: "w" | "r" | "a";
      readonly place: "header" | "parameter";
      readonly change?: KeyChange;
    }
  | { readonly text: string; readonly place: "header" | "parameter" }
  | "none";

/** What makes a genuine key none. */
export type KeyChange =
  | { readonly kind: "replace" | "insert"; readonly at: number; readonly character: string }
  | { readonly kind: "drop"; readonly at: number }
  | { readonly kind: "append"; readonly text: string };

export type BodyPlan = {
  /** JSON, or what is meant for it. */
  readonly text: string;
  readonly charset?: Charset | undefined;
  /** To its bytes, before they are packed. */
  readonly damage?: Damage | undefined;
  readonly packing?: Packing | undefined;
};

export type Charset =
  | "utf-8"
  | "utf-8-bom"
  | "utf-16le"
  | "utf-16le-bom"
  | "utf-16be-bom"
  | "latin-1";

export type Damage = {
  readonly kind: "cut" | "insert" | "flip" | "repeat" | "drop";
  /** Where, from 0 to 1 of its length. */
  readonly at: number;
  readonly byte: number;
};
