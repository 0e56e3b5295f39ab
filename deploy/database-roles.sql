-- Roles of the database, each with what it needs and nothing else. To be run with psql by a superuser, in a database that is Sluice's own:
--
--   psql "$ADMIN_DATABASE_URL" -f deploy/database-roles.sql
--
-- Passwords come from the variables worker_password, edge_password and maintenance_password (psql -v), or from the environment, where no
-- process list shows them: DATABASE_WORKER_PASSWORD, DATABASE_EDGE_PASSWORD, DATABASE_MAINTENANCE_PASSWORD.
-- It may be run again, at any time: to change a password, and after an upgrade. What each role may do with each table, the worker grants
-- whenever it starts, after its migrations (worker/timescale/grants.ts).

\set ON_ERROR_STOP on
\set QUIET on
\if :{?worker_password} \else \getenv worker_password DATABASE_WORKER_PASSWORD \endif
\if :{?edge_password} \else \getenv edge_password DATABASE_EDGE_PASSWORD \endif
\if :{?maintenance_password} \else \getenv maintenance_password DATABASE_MAINTENANCE_PASSWORD \endif
\if :{?worker_password} \else \set worker_password '' \endif
\if :{?edge_password} \else \set edge_password '' \endif
\if :{?maintenance_password} \else \set maintenance_password '' \endif

begin;
set local client_min_messages = warning;
-- Else a log of statements would hold the passwords.
set local log_statement = 'none';
set local log_min_duration_statement = -1;
set local log_min_error_statement = 'panic';

select set_config('sluice.missing', concat_ws(
  ', ',
  case when :'worker_password' = '' then 'DATABASE_WORKER_PASSWORD' end,
  case when :'edge_password' = '' then 'DATABASE_EDGE_PASSWORD' end,
  case when :'maintenance_password' = '' then 'DATABASE_MAINTENANCE_PASSWORD' end
), true) as missing \gset

do $$
begin
  if current_setting('sluice.missing') <> '' then
    raise exception 'Cannot make roles: no value for %', current_setting('sluice.missing');
  end if;
end $$;

-- Owns everything: migrations, refreshing aggregates and dropping chunks want an owner. Nobody logs in as it.
select 'create role sluice_owner' where to_regrole('sluice_owner') is null \gexec
alter role sluice_owner nologin nosuperuser nocreatedb nocreaterole noreplication;
-- An erasure, and whoever drops chunks, waits for statements of the other roles that still see the rows.
grant pg_read_all_stats to sluice_owner;

-- The worker's second login, DATABASE_OWNER_URL: each of its sessions begins as the owner.
select 'create role sluice_maintenance' where to_regrole('sluice_maintenance') is null \gexec
alter role sluice_maintenance
  login nosuperuser nocreatedb nocreaterole noreplication connection limit 100 password :'maintenance_password';
grant sluice_owner to sluice_maintenance;
alter role sluice_maintenance set role = 'sluice_owner';

-- The worker's first login, DATABASE_URL: stores events and answers questions.
select 'create role sluice_worker' where to_regrole('sluice_worker') is null \gexec
alter role sluice_worker
  login nosuperuser nocreatedb nocreaterole noreplication password :'worker_password';
alter role sluice_worker set idle_in_transaction_session_timeout = '60s';
-- The worker itself gives up after 60 s. This ends what its connection has left behind.
alter role sluice_worker set statement_timeout = '120s';

-- The edge's login reads. A session may raise its own time-outs: what it cannot change are its rights, its share of connections and of disk.
select 'create role sluice_edge' where to_regrole('sluice_edge') is null \gexec
alter role sluice_edge
  login nosuperuser nocreatedb nocreaterole noreplication connection limit 50 password :'edge_password';
alter role sluice_edge set default_transaction_read_only = on;
alter role sluice_edge set statement_timeout = '5s';
alter role sluice_edge set idle_in_transaction_session_timeout = '10s';
alter role sluice_edge set temp_file_limit = '1GB';

-- What PostgreSQL gives to everybody: connections and temporary tables, functions of others, and in old versions new tables in "public".
select format('revoke all on database %I from public', current_database()) \gexec
select format(
  'grant connect on database %I to sluice_worker, sluice_edge, sluice_maintenance', current_database()
) \gexec
-- Rows are copied into a temporary table first.
select format('grant temporary on database %I to sluice_worker', current_database()) \gexec
revoke all on schema public from public;
alter schema public owner to sluice_owner;
grant usage on schema public to sluice_worker, sluice_edge, sluice_maintenance;
alter default privileges for role sluice_owner revoke execute on functions from public;

-- Large objects, which even a role without a table could fill the disk with; advisory locks, by which it could hold up the workers.
do $$
declare
  restricted record;
begin
  for restricted in
    select oid::regprocedure as signature, proname like '%advisory%' as is_lock
    from pg_proc
    where
      pronamespace = 'pg_catalog'::regnamespace
      and (proname ~ '^pg_(try_)?advisory_' or proname ~ '^(lo_|loread$|lowrite$)')
  loop
    execute format('revoke execute on function %s from public', restricted.signature);
    if restricted.is_lock then
      execute format('grant execute on function %s to sluice_owner, sluice_worker', restricted.signature);
    end if;
  end loop;
end $$;

-- What an earlier worker has made as somebody else becomes the owner's. Indexes and chunks follow their table.
do $$
declare
  relation record;
  is_aggregate boolean;
begin
  for relation in
    select c.relname, c.relkind
    from pg_class as c
    where
      c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and c.relowner <> 'sluice_owner'::regrole
      and not exists (
        select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e'
      )
  loop
    is_aggregate := relation.relkind = 'm';
    -- A continuous aggregate looks like a view, and is none to this statement.
    if to_regclass('timescaledb_information.continuous_aggregates') is not null then
      execute
        'select $1 or exists (
          select from timescaledb_information.continuous_aggregates where view_schema = ''public'' and view_name = $2
        )'
        into is_aggregate using is_aggregate, relation.relname;
    end if;
    execute format(
      'alter %s public.%I owner to sluice_owner',
      case when is_aggregate then 'materialized view' when relation.relkind = 'v' then 'view' else 'table' end,
      relation.relname
    );
  end loop;
end $$;

commit;
