import type { RetentionQuery } from "../../contract/stats-query.ts";
import { addBuckets, floorToBucket, formatInstant } from "../../contract/time-buckets.ts";
import { USER_DAYS } from "../source.ts";
import type { CompiledRows, Target } from "./target.ts";

/**
 * Rows: `RetentionRow`. Periods consist of whole UTC days, so that `user_days` is exact whatever the range.
 * A newcomer's first day is the first of the whole project, so their scan starts at the beginning of time.
 */
export function compileRetention(query: RetentionQuery, target: Target): CompiledRows {
  const { dialect, projectId, bind } = target;
  const { interval, periods } = query;
  const { firstCohortMs, cohortsEndMs, periodsEndMs } = retentionRange(query);
  const project = `project_id = ${bind(projectId, "text")}`;
  const firstCohort = bind(formatInstant(firstCohortMs), "instant");
  const cohortsEnd = bind(formatInstant(cohortsEndMs), "instant");
  const periodsEnd = bind(formatInstant(periodsEndMs), "instant");
  const userDays = dialect.relation(USER_DAYS.name);
  return {
    text: `
      with newcomers as (
        select user_id, ${dialect.truncate(interval, "min(bucket)")} as cohort_start
        from ${userDays}
        where ${project} and bucket < ${cohortsEnd}
        group by user_id
        having min(bucket) >= ${firstCohort}
      ), active_days as (
        select user_id, ${dialect.truncate(interval, "bucket")} as period_start
        from ${userDays}
        where ${project} and bucket >= ${firstCohort} and bucket < ${periodsEnd}
      ), active_periods as (
        select distinct cohort_start, ${dialect.bucketsBetween(interval, "cohort_start", "period_start")} as period_number, active_days.user_id
        from active_days join newcomers on newcomers.user_id = active_days.user_id
      )
      select ${dialect.instant("cohort_start")} as cohort, period_number as period, count(*) as users
      from active_periods
      where period_number <= ${bind(periods, "int")}
      group by 1, 2`,
    source: USER_DAYS.name,
  };
}

/** When the first cohort begins, when the last one ends, and when the last period of the last one does. */
export function retentionRange({ from, to, interval, periods }: RetentionQuery) {
  const lastCohort = floorToBucket(Date.parse(to) - 1, interval);
  return {
    firstCohortMs: floorToBucket(Date.parse(from), interval),
    cohortsEndMs: addBuckets(lastCohort, 1, interval),
    periodsEndMs: addBuckets(lastCohort, periods + 1, interval),
  };
}
