-- The same columns without continuous aggregates: always fresh, computed from raw rows at each read.
create view user_days as
select
  project_id,
  date_trunc('day', occurred_at, 'UTC') as bucket,
  event_type,
  user_id,
  count(*) as events
from events
group by project_id, date_trunc('day', occurred_at, 'UTC'), event_type, user_id;
