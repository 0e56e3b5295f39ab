import { join } from "node:path";
import type { Access } from "../parts/access.ts";

/** How to bring back a part that does not answer: of the local stack, whose supervisor does that, or of a deployment. */
export function mend(
  deployment: Access["deployment"],
  localPart: string,
  elsewhere: string,
): string {
  if (deployment.kind === "named") return elsewhere;
  const log = join(deployment.dataDir, "logs", `${localPart}.log`);
  return `npm start starts ${localPart} again by itself; if it stays away, see ${log}`;
}
