import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** 150,233 real events with known answers, in the folder that lies beside the checkout. */
const FOLDER = new URL("../../../shared/data/", import.meta.url);
const NDJSON_GZ_PATH = fileURLToPath(new URL("git-events.ndjson.gz", FOLDER));

export type GitEvents = { readonly ndjsonGzPath: string; readonly expected: GitEventsExpected };

export type GitEventsExpected = {
  readonly events_total: number;
  readonly users_total: number;
  /** Of the first and the last event. */
  readonly first: string;
  readonly last: string;
  readonly events_by_type: Readonly<Record<string, number>>;
  readonly active_users_daily: Counts;
  readonly active_users_weekly: Counts;
  readonly active_users_monthly: Counts;
  readonly commit_events_hourly: Counts;
  readonly top_events: Range & {
    readonly data: readonly { event_type: string; events: number; unique_users: number }[];
  };
  readonly events_by_repo: Counts;
  readonly file_changed_added_over_100_by_ext: Counts;
  readonly funnel: Range & {
    readonly steps: readonly string[];
    readonly window_seconds: number;
    readonly users_reaching_step: readonly number[];
  };
  readonly retention_weekly_first_time: Range & {
    readonly periods: number;
    readonly cohorts: Readonly<Record<string, readonly number[]>>;
  };
};

type Range = { readonly from: string; readonly to: string };
type Counts = Range & { readonly data: Readonly<Record<string, number>> };

/** Undefined, after saying so, where the data is not. */
export function findGitEvents(): GitEvents | undefined {
  if (!existsSync(NDJSON_GZ_PATH)) {
    process.stderr.write(`SKIPPED: tests that need ${NDJSON_GZ_PATH}, which is missing\n`);
    return undefined;
  }
  return readGitEvents();
}

/** @throws that names the file which is missing. */
export function readGitEvents(): GitEvents {
  if (!existsSync(NDJSON_GZ_PATH)) throw new Error(`Cannot test: ${NDJSON_GZ_PATH} is missing`);
  const expected = readFileSync(new URL("git-events.expected.json", FOLDER), "utf8");
  return {
    ndjsonGzPath: NDJSON_GZ_PATH,
    expected: JSON.parse(expected) as GitEventsExpected,
  };
}
