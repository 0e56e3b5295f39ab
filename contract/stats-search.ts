import type { z } from "zod";
import {
  type QueryFault,
  STATS_QUERY_SCHEMAS,
  type StatsKind,
  type StatsQuery,
  StatsQueryError,
} from "./stats-query.ts";

/** In a URL everything is text. */
const NUMBERS: ReadonlySet<string> = new Set(["limit", "periods"]);

/**
 * Reads a question of `kind` from a URL's parameters.
 * @throws {StatsQueryError} that lists every parameter which is unknown, repeated, missing or wrong.
 */
export function parseStatsSearch(kind: StatsKind, search: URLSearchParams): StatsQuery {
  const schema = STATS_QUERY_SCHEMAS[kind];
  const { kind: _, ...parameters } = schema.shape;
  const input: Record<string, unknown> = { kind };
  const faults: QueryFault[] = [];
  for (const name of new Set(search.keys())) {
    const [value = "", ...more] = search.getAll(name);
    if (!Object.hasOwn(parameters, name)) {
      const known = Object.keys(parameters).join(", ");
      const detail = `Unknown parameter "${shorten(name)}": known are ${known}`;
      faults.push({ pointer: toPointer([name]), detail });
    } else if (more.length > 0) {
      faults.push({ pointer: toPointer([name]), detail: `${name} is given more than once` });
      input[name] = undefined;
    } else {
      input[name] = NUMBERS.has(name) && /^\d{1,15}$/.test(value) ? Number(value) : value;
    }
  }
  const result = schema.safeParse(input, { reportInput: true });
  const repeated = new Set(faults.map((fault) => fault.pointer));
  const issues = result.error?.issues.map(toFault) ?? [];
  faults.push(...issues.filter((fault) => !repeated.has(fault.pointer)));
  if (faults.length > 0 || !result.success) throw new StatsQueryError(faults);
  return result.data;
}

function toFault(issue: z.core.$ZodIssue): QueryFault {
  const name = issue.path.join(".");
  const isMissing = issue.code !== "custom" && issue.input === undefined;
  const detail = `${name} ${isMissing ? "is missing" : issue.message}`;
  return { pointer: toPointer(issue.path), detail };
}

function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${shorten(String(part)).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function shorten(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
