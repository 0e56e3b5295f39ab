import type { RetentionQuery } from "../../contract/stats-query.ts";
import { addBuckets, floorToBucket, formatInstant } from "../../contract/time-buckets.ts";
import type { Statement } from "../statement.ts";
import { USER_DAYS } from "./source.ts";

/**
 * Rows: `RetentionRow`. Periods consist of whole UTC days, so that `user_days` is exact whatever the range.
 * A newcomer's first day is the first of the whole project, so their scan starts at the beginning of time.
 */
export function compileRetention(query: RetentionQuery, projectId: string): Statement {
  const { from, to, interval, periods } = query;
  const firstCohort = floorToBucket(Date.parse(from), interval);
  const lastCohort = floorToBucket(Date.parse(to) - 1, interval);
  const cohortsEnd = addBuckets(lastCohort, 1, interval);
  const periodsEnd = addBuckets(lastCohort, periods + 1, interval);
  return {
    text: `
      with newcomers as (
        select user_id, date_trunc($5::text, min(bucket), 'UTC') as cohort
        from user_days
        where project_id = $1 and bucket < $3::timestamptz
        group by user_id
        having min(bucket) >= $2::timestamptz
      ), active_periods as (
        select distinct cohort, date_trunc($5::text, bucket, 'UTC') as period, user_id
        from user_days join newcomers using (user_id)
        where project_id = $1 and bucket >= $2::timestamptz and bucket < $4::timestamptz
      )
      select cohort, period, count(*) as users
      from active_periods
      where period at time zone 'UTC'
        <= cohort at time zone 'UTC' + $6::int * ('1 ' || $5::text)::interval
      group by cohort, period`,
    params: [
      projectId,
      ...[firstCohort, cohortsEnd, periodsEnd].map(formatInstant),
      interval,
      periods,
    ],
    sources: [USER_DAYS.name],
  };
}
