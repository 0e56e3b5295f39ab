-- As on one node (0001_events.single.sql says why it looks so), replicated within a shard, under the name events_local.
create table if not exists events_local on cluster $cluster (
  project_id LowCardinality(String),
  event_id UUID,
  occurred_at DateTime64(6, 'UTC') codec(Delta, ZSTD),
  received_at DateTime64(6, 'UTC') codec(Delta, ZSTD),
  event_type LowCardinality(String),
  user_id String codec(ZSTD),
  properties String codec(ZSTD),
  version UInt64 materialized toUInt64(9223372036854775807 - toUnixTimestamp64Micro(received_at)) codec(Delta, ZSTD),
  index events_by_id event_id type bloom_filter(0.01) granularity 1,
  index events_by_user user_id type bloom_filter(0.01) granularity 1
)
engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/$database/events', '{replica}', version)
partition by toYYYYMM(occurred_at)
primary key (project_id, occurred_at)
order by (project_id, occurred_at, event_id)
settings
  replicated_deduplication_window = 100,
  min_age_to_force_merge_seconds = 3600,
  min_age_to_force_merge_on_partition_only = 1;

-- Every repeat of an event lands on the shard of the first, since `final` sees one shard at a time. A user's events are spread:
-- the states of count(distinct) are merged where the question was asked, and are exact.
create table if not exists events on cluster $cluster (
  project_id LowCardinality(String),
  event_id UUID,
  occurred_at DateTime64(6, 'UTC'),
  received_at DateTime64(6, 'UTC'),
  event_type LowCardinality(String),
  user_id String,
  properties String
)
engine = Distributed($cluster, $database, events_local, cityHash64(project_id, event_id));
