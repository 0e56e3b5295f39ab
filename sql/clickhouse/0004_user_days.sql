-- A view: 0003_events_hourly.sql says why. Users are repeated in it, once an event, which `count(distinct user_id)` does not mind.
create view if not exists user_days $on_cluster as
select project_id, toStartOfInterval(occurred_at, interval 1 day) as bucket, event_type, user_id, 1 as events
from events final
settings enable_extended_results_for_datetime_functions = 1;
