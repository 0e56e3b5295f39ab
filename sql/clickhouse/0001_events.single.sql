-- One row an event, once parts are merged; until then every read says `final`. Repeats have the whole sorting key in common and so
-- the month, so that `final` need not compare rows of different partitions (`do_not_merge_across_partitions_select_final`).
--
-- Sorted by project and time: the range of a question is one piece of the table, a page of newest events is its end, and rows near in
-- time compress well. The id comes last, for identity alone; in the index it would only cost memory. Of repeats the one that was
-- received first stays, as on other stores: it has the highest version.
--
-- A month is a partition: 240 of them hold 20 years. Once nothing was written to one for an hour it is merged to one part, which
-- `final` reads like any other table.
--
-- The bloom filters find an event without its time, and one user's events: without them every granule is read.
create table if not exists events (
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
engine = ReplacingMergeTree(version)
partition by toYYYYMM(occurred_at)
primary key (project_id, occurred_at)
order by (project_id, occurred_at, event_id)
settings
  -- A block that is sent again within the last 100 of its partition is not written again.
  non_replicated_deduplication_window = 100,
  min_age_to_force_merge_seconds = 3600,
  min_age_to_force_merge_on_partition_only = 1;
