-- A view and not a rollup, as user_days is. No wrapping of the function: the sorting key answers conditions on `bucket` only so.
create view if not exists events_hourly $on_cluster as
select project_id, toStartOfInterval(occurred_at, interval 1 hour) as bucket, event_type, 1 as events
from events final
settings enable_extended_results_for_datetime_functions = 1;
