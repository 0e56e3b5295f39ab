-- What is where. Events before the floor, always a midnight in UTC, are in the cold tier's files alone; everything else is in `events`.
-- Both halves of that sentence change in one transaction: the manifest is what counts, and a file that it does not name is not there.
create table cold_tier (
  is_only_row boolean primary key default true check (is_only_row),
  floor timestamptz,
  -- Rows before it have left `events`; between it and the floor they may still be there, and nobody reads them.
  cleared_to timestamptz
);
insert into cold_tier default values;

-- A project's events of one month, `2024-03`. Whoever changes its files has read a version and raises it, or starts over.
create table cold_partitions (
  project_id text collate "C" not null,
  month text collate "C" not null,
  version bigint not null,
  primary key (project_id, month)
);

create table cold_files (
  -- Below the tier's folder or prefix: `project=shop/month=2024-03/<uuid>.parquet`.
  path text collate "C" primary key,
  project_id text collate "C" not null,
  month text collate "C" not null,
  events bigint not null,
  bytes bigint not null,
  min_occurred_at timestamptz not null,
  max_occurred_at timestamptz not null,
  -- Of the identities inside, whatever their order.
  checksum text not null,
  created_at timestamptz not null default now(),
  foreign key (project_id, month) references cold_partitions
);
create index cold_files_partition_idx on cold_files (project_id, month);

-- Null while nothing has been archived.
create view hot_floor as
select floor from cold_tier;

-- Users whose events, as far as they were received before, are never stored again: the stream may still hold them.
create table erasures (
  project_id text collate "C" not null,
  user_id text collate "C" not null,
  erased_at timestamptz not null,
  primary key (project_id, user_id)
);
