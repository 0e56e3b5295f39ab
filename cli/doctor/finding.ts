/** The parts of a deployment in the order in which they are told, with their titles. */
export const PARTS = {
  settings: "Settings",
  machine: "This machine",
  edge: "Edge",
  keys: "Keys",
  worker: "Worker",
  nats: "NATS",
  streams: "Streams",
  redis: "Redis",
  "redis-http": "Redis by REST",
  database: "Database",
  "database-http": "Database by HTTP",
  clocks: "Clocks",
} as const;
export type PartName = keyof typeof PARTS;

/** `skipped`: not looked at, as nothing was given to do it with, or what it needs did not answer. */
export type Level = "ok" | "warning" | "failure" | "skipped";

export type Finding = {
  readonly part: PartName;
  /** What was looked at. */
  readonly what: string;
  readonly level: Level;
  /** How it is; of `skipped` what to set, or what is in the way. */
  readonly detail: string;
  /** How to mend a warning or a failure. */
  readonly fix?: string;
  /** A failure that goes with the failure of one of these. */
  readonly because?: readonly PartName[];
};

/** Makes the findings about one part. */
export function findingsOf(part: PartName) {
  return {
    ok: (what: string, detail: string): Finding => ({ part, what, level: "ok", detail }),
    warn: (what: string, detail: string, fix: string): Finding => ({
      part,
      what,
      level: "warning",
      detail,
      fix,
    }),
    fail: (what: string, detail: string, fix: string, because?: readonly PartName[]): Finding => ({
      part,
      what,
      level: "failure",
      detail,
      fix,
      ...(because === undefined ? {} : { because }),
    }),
    skip: (what: string, detail: string): Finding => ({ part, what, level: "skipped", detail }),
  };
}

/** The parts to begin with: those with a failure that does not go with another part's. */
export function beginWith(findings: readonly Finding[]): PartName[] {
  const failures = findings.filter(({ level }) => level === "failure");
  const failed = new Set(failures.map(({ part }) => part));
  const roots = failures.filter(
    ({ part, because = [] }) => !because.some((other) => other !== part && failed.has(other)),
  );
  return [...new Set(roots.map(({ part }) => part))];
}
