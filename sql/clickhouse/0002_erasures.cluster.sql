-- As on one node (0002_erasures.single.sql). Each node of all shards is a replica of it.
create table if not exists erasures on cluster $cluster (
  project_id LowCardinality(String),
  user_id String,
  erased_at DateTime64(6, 'UTC')
)
engine = ReplicatedMergeTree('/clickhouse/tables/all/$database/erasures', '{shard}-{replica}')
order by (project_id, user_id);
