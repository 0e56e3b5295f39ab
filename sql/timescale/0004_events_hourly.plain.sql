-- The same columns without continuous aggregates: always fresh, computed from raw rows at each read.
create view events_hourly as
select
  project_id,
  date_trunc('hour', occurred_at, 'UTC') as bucket,
  event_type,
  count(*) as events
from events
group by project_id, date_trunc('hour', occurred_at, 'UTC'), event_type;
