-- Each worker says up to when everything that the stream had taken is visible in every aggregate. The pipeline as a whole has
-- come as far as the worker that is furthest behind.
create table pipeline_progress (
  worker_id text primary key,
  as_of timestamptz not null,
  updated_at timestamptz not null
);

create view pipeline_as_of as
select min(as_of) as as_of
from pipeline_progress;
