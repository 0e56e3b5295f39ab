-- For reads of one project's events by time: raw rows newest first, and the unrefreshed tail of the aggregates.
create index events_project_id_occurred_at_idx on events (project_id, occurred_at desc);
