import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What bootstrap gets, besides node_modules. */
export const TOOLS = join(ROOT, ".tools");
