-- What is where. Events before the floor, always a midnight in UTC, are in the cold tier's files alone; everything else is in `events`.
-- The manifest is what counts: a file that it does not name is not there, and the version of a month orders all who change its files.
create table cold_tier (
  is_only_row boolean primary key default true check (is_only_row),
  floor timestamptz
);
insert into cold_tier default values;

create table cold_months (
  month date primary key,
  version bigint not null
);

create table cold_files (
  path text collate "C" primary key,
  month date not null references cold_months,
  events bigint not null,
  bytes bigint not null,
  min_occurred_at timestamptz not null,
  max_occurred_at timestamptz not null,
  -- Of the identities inside, whatever their order.
  checksum text not null,
  created_at timestamptz not null default now()
);
create index cold_files_month_idx on cold_files (month);

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
