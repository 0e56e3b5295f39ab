import { fileURLToPath } from "node:url";
import type { Part } from "./part.ts";

/** How a script of this folder is run as a part. */
export function nodeScript(
  script: string,
  ...args: readonly (string | number)[]
): Pick<Part, "command" | "args"> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return {
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", path, ...args.map(String)],
  };
}
