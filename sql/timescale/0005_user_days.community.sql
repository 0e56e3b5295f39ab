-- A row for each user, day and type: daily, weekly and monthly active users and retention are exact from it.
create materialized view user_days
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = true) as
select
  project_id,
  time_bucket(interval '1 day', occurred_at) as bucket,
  event_type,
  user_id,
  count(*) as events
from events
group by project_id, time_bucket(interval '1 day', occurred_at), event_type, user_id
with no data;
