import { redact } from "../../contract/redact.ts";
import type { Access } from "../parts/access.ts";
import type { Paint } from "../parts/paint.ts";
import { toPrintable } from "../table.ts";
import { beginWith, type Finding, type Level, PARTS, type PartName } from "./finding.ts";

const SIGNS = { ok: "✓", warning: "!", failure: "✗", skipped: "–" } as const;
const COLOURS = { ok: "green", warning: "yellow", failure: "red", skipped: "dim" } as const;
const WIDTH = 18;

/** What was found, for people: by part, with how to mend what is wrong. */
export function formatFindings(
  findings: readonly Finding[],
  { deployment }: Pick<Access, "deployment">,
  paint: Paint,
): string {
  const lines = [describe(deployment)];
  let part: PartName | undefined;
  for (const finding of findings) {
    if (finding.part !== part) {
      part = finding.part;
      lines.push("", paint("bold", PARTS[part]));
    }
    lines.push(...formatFinding(finding, paint));
  }
  lines.push("", ...conclude(findings, paint));
  return `${lines.join("\n")}\n`;
}

function formatFinding({ level, what, detail, fix }: Finding, paint: Paint): string[] {
  const sign = paint(COLOURS[level], SIGNS[level]);
  const text = clean(detail);
  const line = `  ${sign} ${clean(what).padEnd(WIDTH)} ${level === "skipped" ? paint("dim", text) : text}`;
  return fix === undefined ? [line] : [line, `      ${paint("dim", `→ ${clean(fix)}`)}`];
}

function conclude(findings: readonly Finding[], paint: Paint): string[] {
  const number = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const counts = [
    paint("green", `${number("ok")} well`),
    number("warning") > 0 ? paint("yellow", `${number("warning")} to look at`) : "",
    number("failure") > 0 ? paint("red", `${number("failure")} failed`) : "",
    number("skipped") > 0 ? paint("dim", `${number("skipped")} not looked at`) : "",
  ].filter((text) => text !== "");
  const roots = beginWith(findings).map((part) => PARTS[part]);
  const advice = roots.length === 0 ? [] : [`Begin with: ${roots.join(", ")}`];
  return [counts.join(", "), ...advice];
}

function describe(deployment: Access["deployment"]): string {
  if (deployment.kind === "local") return `The local stack in ${deployment.dataDir}`;
  return `The deployment that ${deployment.by.join(", ")} of the environment ${deployment.by.length === 1 ? "names" : "name"}`;
}

/** What servers say ends up here: neither a secret nor a control character may. */
function clean(text: string): string {
  return redact(toPrintable(text));
}

export function toJson(
  findings: readonly Finding[],
  { deployment }: Pick<Access, "deployment">,
  seconds: number,
) {
  return {
    ok: findings.every(({ level }) => level !== "failure"),
    deployment:
      deployment.kind === "local"
        ? { kind: "local", data_dir: deployment.dataDir }
        : { kind: "named", by: deployment.by },
    begin_with: beginWith(findings),
    findings: findings.map(({ part, what, level, detail, fix }) => ({
      part,
      what: redact(what),
      level,
      detail: redact(detail),
      fix: fix === undefined ? null : redact(fix),
    })),
    seconds: Number(seconds.toFixed(3)),
  };
}
