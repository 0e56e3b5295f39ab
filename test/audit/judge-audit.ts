import { z } from "zod";

/** An advisory that we live with for a while. */
export type AllowedAdvisory = {
  /** As in `GHSA-xxxx-xxxx-xxxx`. */
  readonly id: string;
  /** Why it cannot harm us. */
  readonly reason: string;
  /** The last day on which that is taken for an answer, as in `2027-01-31`. */
  readonly until: string;
};

export type AuditVerdict = {
  readonly status: "passed" | "failed" | "skipped";
  /** What to tell people. */
  readonly lines: readonly string[];
};

const SEVERE: readonly string[] = ["high", "critical"];

/** What `npm audit --json` says, as far as it matters here. A `via` that is text names another vulnerable package, which is listed itself. */
const reportSchema = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      via: z.array(
        z.union([
          z.string(),
          z.object({
            name: z.string(),
            title: z.string(),
            url: z.string(),
            severity: z.string(),
            range: z.string(),
          }),
        ]),
      ),
    }),
  ),
});

/** The registry did not answer the question. An error of npm itself has a code, such as ENOLOCK. */
const unansweredSchema = z.object({
  statusCode: z.int().optional(),
  error: z.object({ code: z.never().optional() }),
});

/** Judges the output of `npm audit --json`: whoever cannot ask is told so, and nothing is taken for a clean report but one. */
export function judgeAudit(
  output: string,
  allowed: readonly AllowedAdvisory[],
  today: string,
): AuditVerdict {
  const json = parseJson(output);
  const unanswered = unansweredSchema.safeParse(json);
  if (unanswered.success) {
    const { statusCode } = unanswered.data;
    const why = statusCode === undefined ? "cannot be reached" : `answers ${statusCode}`;
    return { status: "skipped", lines: [`the registry's audit endpoint ${why}`] };
  }
  const report = reportSchema.safeParse(json);
  if (!report.success) {
    const begin = output.trim().slice(0, 300);
    return { status: "failed", lines: [`Cannot read the report of npm audit: ${begin}`] };
  }
  const found = new Map(
    Object.values(report.data.vulnerabilities)
      .flatMap(({ via }) => via)
      .filter((advisory) => typeof advisory !== "string")
      .filter(({ severity }) => SEVERE.includes(severity))
      .map((advisory) => [advisory.url.split("/").at(-1) ?? "", advisory]),
  );
  const problems = [...found].flatMap(([id, { name, range, severity, title, url }]) => {
    const excuse = allowed.find((one) => one.id === id);
    if (excuse !== undefined && excuse.until >= today) return [];
    const expired = excuse === undefined ? "" : ` (allowed until ${excuse.until} only)`;
    return [`${severity}: ${name} ${range}: ${title}, ${url}${expired}`];
  });
  const needless = allowed
    .filter(({ id }) => !found.has(id))
    .map(({ id }) => `${id} is allowed, and is not found any more: remove it from the list`);
  const lines = [...problems, ...needless];
  return { status: lines.length === 0 ? "passed" : "failed", lines };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
