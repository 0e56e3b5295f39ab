-- Refreshed by the worker, which has no policy run by the database: embedded and real databases behave alike.
-- Real-time (`materialized_only = false`): what is newer than the last refreshed bucket is answered from raw rows.
create materialized view events_hourly
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = true) as
select
  project_id,
  time_bucket(interval '1 hour', occurred_at) as bucket,
  event_type,
  count(*) as events
from events
group by project_id, time_bucket(interval '1 hour', occurred_at), event_type
with no data;
