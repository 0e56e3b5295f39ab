-- One row per event. A hypertable's unique key must hold its time column, so an event's identity is project, id and time.
-- `collate "C"`: projects, types and users are compared for equality and grouped, never shown sorted by a language's rules;
-- bytewise order keeps the key's index small to compare and independent of the operating system's collation version.
create table events (
  project_id text collate "C" not null,
  event_id uuid not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  event_type text collate "C" not null,
  user_id text collate "C" not null,
  properties jsonb not null,
  primary key (project_id, event_id, occurred_at)
);
