import { randomBytes } from "node:crypto";
import { createKey, type KeyScope } from "../../../contract/key.ts";

/** A project that exists for the length of one round. */
export type FuzzProject = {
  readonly id: string;
  /** Stands in what this project sends and in nothing else: where another one finds it, something has leaked. */
  readonly mark: string;
  readonly keys: Readonly<Record<KeyScope, string>>;
};

export function createFuzzProject(keySecret: string): FuzzProject {
  const name = randomBytes(6).toString("hex");
  const id = `fuzz-${name}`;
  const keyOf = (scope: KeyScope) => createKey({ scope, projectId: id, kid: "fuzz" }, keySecret);
  return { id, mark: `mark-${name}`, keys: { w: keyOf("w"), r: keyOf("r"), a: keyOf("a") } };
}
