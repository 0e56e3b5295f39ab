-- Chunks must be small enough that the indexes of the newest ones stay in memory; seven days suit millions of events a day.
-- The default index on time alone is left out: every read names its project, so the one below serves them all.
select create_hypertable(
  'events',
  by_range('occurred_at', current_setting('sluice.chunk_interval')::interval),
  create_default_indexes => false
);
