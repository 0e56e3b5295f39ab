/** `npm run check:audit`: fails on a known severe hole in a package that production runs. */
import { spawnSync } from "node:child_process";
import { ALLOWED_ADVISORIES } from "./allowed-advisories.ts";
import { judgeAudit } from "./judge-audit.ts";

const TIMEOUT_MS = 60_000;

const { stdout, error } = spawnSync(
  "npm",
  ["audit", "--omit=dev", "--audit-level=high", "--json", "--fetch-retries=0"],
  // npm exits with 1 for what it finds as for what it cannot do; its report says which.
  { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: TIMEOUT_MS },
);
if (error) throw new Error(`Cannot run npm audit: ${error.message}`, { cause: error });

const today = new Date().toISOString().slice(0, 10);
const { status, lines } = judgeAudit(stdout, ALLOWED_ADVISORIES, today);
if (status === "passed") say("npm audit: no severe advisory on a production dependency");
if (status === "skipped") say(`!!! npm audit SKIPPED, nothing was checked: ${lines.join("; ")}`);
if (status === "failed") {
  say("npm audit:", ...lines);
  process.exitCode = 1;
}

function say(...text: readonly string[]): void {
  process.stderr.write(`${text.join("\n  ")}\n`);
}
