-- Each batch appends its own sums to `_parts`, in the transaction that stores its rows; from time to time the parts of a day are merged
-- with what was merged of that day before. The views are exact at any time.
create table events_hourly_parts (
  project_id varchar not null,
  bucket timestamp not null,
  event_type varchar not null,
  events bigint not null
);
create table events_hourly_merged (
  project_id varchar not null,
  bucket timestamp not null,
  event_type varchar not null,
  events bigint not null
);
create view events_hourly as
  select project_id, bucket, event_type, events from events_hourly_merged
  union all
  select project_id, bucket, event_type, events from events_hourly_parts;

create table user_days_parts (
  project_id varchar not null,
  bucket timestamp not null,
  event_type varchar not null,
  user_id varchar not null,
  events bigint not null
);
create table user_days_merged (
  project_id varchar not null,
  bucket timestamp not null,
  event_type varchar not null,
  user_id varchar not null,
  events bigint not null
);
create view user_days as
  select project_id, bucket, event_type, user_id, events from user_days_merged
  union all
  select project_id, bucket, event_type, user_id, events from user_days_parts;
