import { durationMs } from "../../contract/duration.ts";
import type { FunnelQuery } from "../../contract/stats-query.ts";
import { EVENTS } from "../source.ts";
import { andFilters, inRange } from "./conditions.ts";
import type { CompiledRows, Target } from "./target.ts";

/**
 * One row: `FunnelRow`. A user reaches a step if each step before has an event, in order, and all lie within the window after the first.
 *
 * One pass over the user's events in order: `start_k` is the latest time at which a chain of the steps 1 to k, all of it up to here, can
 * have begun. The latest is the best one for whatever follows, so an event of step k reaches it when `start_(k-1)` is no further back than
 * the window. Events of the same time are peers in the window's frame: any of them may come first.
 */
export function compileFunnel(query: FunnelQuery, target: Target): CompiledRows {
  const { dialect, projectId, bind } = target;
  const windowMs = bind(durationMs(query.window) ?? 0, "ms");
  const conditions = query.steps.map(
    ({ event_type, filters }) =>
      `(event_type = ${bind(event_type, "text")}${andFilters(filters, dialect, bind)})`,
  );
  const isStep = (index: number) => `is_step_${index + 1}`;
  const flags = conditions.map((condition, index) => `${condition} as ${isStep(index)}`);
  const before = (index: number) => (index === 0 ? "flagged" : `reached_${index}`);

  const tables = conditions.slice(0, -1).map((_, index) => {
    const begun = index === 0 ? "happened_at" : `start_${index}`;
    return `reached_${index + 1} as (
        select ${before(index)}.*, max(case when ${isStep(index)} then ${begun} end) over (
          partition by user_id order by happened_at range between unbounded preceding and current row
        ) as start_${index + 1}
        from ${before(index)}
      )`;
  });
  const reached = conditions.map((_, index) => {
    const isInTime =
      index === 0 ? "" : ` and happened_at <= ${dialect.plusMs(`start_${index}`, windowMs)}`;
    return `count(distinct case when ${isStep(index)}${isInTime} then user_id end) as step_${index + 1}`;
  });
  return {
    text: `
      with flagged as (
        select user_id, ${EVENTS.time} as happened_at, ${flags.join(", ")}
        from ${dialect.relation(EVENTS.name)}
        where ${inRange(EVENTS, query, projectId, bind)} and (${conditions.join(" or ")})
      ), ${tables.join(", ")}
      select ${reached.join(", ")}
      from ${before(conditions.length - 1)}`,
    source: EVENTS.name,
  };
}
