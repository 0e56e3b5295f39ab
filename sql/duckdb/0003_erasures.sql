-- What the stream or an outbox still holds of an erased user was received before, and is dropped.
create table erasures (
  project_id varchar not null,
  user_id varchar not null,
  erased_at timestamp not null,
  primary key (project_id, user_id)
);
