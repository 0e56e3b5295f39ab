import { LIMIT_NAMES, type LimitName } from "./rate-limit.ts";

/** What may go unlimited because the part that counts did not answer. */
export const UNCHECKED_KINDS = ["ingest", "queries", "gate"] as const;
export type UncheckedKind = (typeof UNCHECKED_KINDS)[number];

/** What this isolate refused and could not check, since it began. By limit, never by project: their number has no bound. */
export type LimitCounters = {
  countRefused(limits: readonly LimitName[]): void;
  countUnchecked(kind: UncheckedKind): void;
  readonly refused: Readonly<Record<LimitName, number>>;
  readonly unchecked: Readonly<Record<UncheckedKind, number>>;
};

export function createLimitCounters(): LimitCounters {
  const refused = zeros(LIMIT_NAMES);
  const unchecked = zeros(UNCHECKED_KINDS);
  return {
    refused,
    unchecked,
    countRefused(limits) {
      for (const limit of limits) refused[limit] += 1;
    },
    countUnchecked(kind) {
      unchecked[kind] += 1;
    },
  };
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
