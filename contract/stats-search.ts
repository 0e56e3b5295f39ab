import type { z } from "zod";
import { type EventPageQuery, eventPageQuerySchema } from "./event-page.ts";
import { parseForeign } from "./parse-foreign.ts";
import { readFilterText, splitList } from "./property-filter.ts";
import { type QueryFault, StatsQueryError } from "./query-parts.ts";
import {
  STATS_QUERY_SCHEMAS,
  type StatsKind,
  type StatsQuery,
  statsQuerySchema,
} from "./stats-query.ts";

/** In a URL everything is text. */
const NUMBERS: ReadonlySet<string> = new Set(["limit", "periods"]);

/**
 * Reads a question of `kind` from a URL's parameters.
 * @throws {StatsQueryError} that lists every parameter which is unknown, repeated, missing or wrong.
 */
export function parseStatsSearch(kind: StatsKind, search: URLSearchParams): StatsQuery {
  const schema: z.ZodObject = STATS_QUERY_SCHEMAS[kind];
  const { kind: _, ...members } = schema.shape;
  return parseSearch(schema, { kind }, Object.keys(members), search) as StatsQuery;
}

/**
 * Reads which raw rows are wanted from a URL's parameters. `fixed` is what the path says already.
 * @throws {StatsQueryError} that lists every parameter which is unknown, repeated, missing or wrong.
 */
export function parseEventPageSearch(
  fixed: { readonly user_id?: string },
  search: URLSearchParams,
): EventPageQuery {
  const members = Object.keys(eventPageQuerySchema.shape).filter((name) => !(name in fixed));
  return parseSearch(eventPageQuerySchema, fixed, members, search) as EventPageQuery;
}

/**
 * Reads a question from JSON.
 * @throws {StatsQueryError} that lists everything which is unknown, missing or wrong.
 */
export function parseStatsJson(value: unknown): StatsQuery {
  const result = parseForeign(statsQuerySchema, value);
  if (result.success) return result.data;
  throw new StatsQueryError(result.error.issues.flatMap((issue) => toFaults(issue)));
}

/**
 * Reads what `schema` takes from a URL's parameters: `members` from those of their names, the others from `fixed`.
 * @throws {StatsQueryError} that lists every parameter which is unknown, repeated, missing or wrong.
 */
export function parseSearch(
  schema: z.ZodType,
  fixed: object,
  members: readonly string[],
  search: URLSearchParams,
): unknown {
  const input: Record<string, unknown> = { ...fixed };
  const faults: QueryFault[] = [];
  const isKnown = (name: string) => members.includes(name) && name !== "filters";
  for (const name of new Set(search.keys())) {
    const [value = "", ...more] = search.getAll(name);
    if (name === "filter" && members.includes("filters")) {
      input.filters = readFilters(search.getAll(name), faults);
    } else if (name === "step_filter" && members.includes("steps")) {
      // With the steps, below.
    } else if (!isKnown(name)) {
      const known = members.flatMap((member) => PARAMETERS[member] ?? [member]).join(", ");
      const detail = `Unknown parameter "${shorten(name)}": known are ${known}`;
      faults.push({ pointer: toPointer([name]), detail });
    } else if (more.length > 0) {
      faults.push({ pointer: toPointer([name]), detail: `${name} is given more than once` });
      input[name] = undefined;
    } else {
      input[name] = NUMBERS.has(name) && /^\d{1,15}$/.test(value) ? Number(value) : value;
    }
  }
  if (typeof input.steps === "string") {
    input.steps = readSteps(input.steps, search.getAll("step_filter"), faults);
  }
  const result = schema.safeParse(input, { reportInput: true });
  const known = new Set(faults.map((fault) => fault.pointer));
  const issues = result.error?.issues.flatMap((issue) => toFaults(issue)) ?? [];
  faults.push(...issues.filter((fault) => !known.has(fault.pointer)));
  if (faults.length > 0 || !result.success) throw new StatsQueryError(faults);
  return result.data;
}

/** The URL's names of members that have others there. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  filters: ["filter"],
  steps: ["steps", "step_filter"],
};

function readFilters(texts: readonly string[], faults: QueryFault[]): unknown[] {
  return texts.flatMap((text, index) => {
    const filter = readFilterText(text);
    if (filter !== undefined) return [filter];
    const detail = `filter "${shorten(text)}" is not properties.<key>:<op>:<value>`;
    faults.push({ pointer: toPointer(["filter", index]), detail });
    return [];
  });
}

/** `steps=a,b,c`, each with the filters that `step_filter=<step>:properties.<key>:<op>:<value>` gives it; steps count from 1. */
function readSteps(text: string, filters: readonly string[], faults: QueryFault[]): unknown[] {
  const steps = splitList(text).map((event_type) => ({
    event_type,
    filters: [] as unknown[],
  }));
  for (const [index, given] of filters.entries()) {
    const [, number = "", rest = ""] = /^(\d{1,3}):(.*)$/s.exec(given) ?? [];
    const step = steps[Number(number) - 1];
    const filter = readFilterText(rest);
    if (step !== undefined && filter !== undefined) {
      step.filters.push(filter);
      continue;
    }
    const detail = `step_filter "${shorten(given)}" is not <step>:properties.<key>:<op>:<value> with a step from 1 to ${steps.length}`;
    faults.push({ pointer: toPointer(["step_filter", index]), detail });
  }
  return steps;
}

/** What is wrong, and with which member: one schema issue may be several faults. */
export function toFaults(issue: z.core.$ZodIssue): QueryFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: toPointer([...issue.path, key]),
      detail: `Unknown member "${shorten(key)}"`,
    }));
  }
  const name = issue.path.length === 0 ? "The query" : issue.path.join(".");
  const isMissing = issue.code !== "custom" && issue.input === undefined;
  const detail = `${name} ${isMissing ? "is missing" : issue.message}`;
  return [{ pointer: toPointer(issue.path), detail }];
}

function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${shorten(String(part)).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function shorten(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
