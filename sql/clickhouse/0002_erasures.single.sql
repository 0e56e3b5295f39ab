-- Users who were erased, and when: what was received before must not be stored again. Rows are only ever added, so that their number
-- tells a worker whether there are some that it does not know.
create table if not exists erasures (
  project_id LowCardinality(String),
  user_id String,
  erased_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (project_id, user_id);
