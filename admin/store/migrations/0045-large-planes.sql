-- For planes with hundreds of practices and long lists: what lists ask of every policy lies beside the document, so that
-- no list unpacks documents of megabytes; and indexes for lists that go by number and for what is followed after a save.

-- Instants at which entries that are on expire.
create function entry_expiries(document jsonb) returns bigint[] language sql immutable as $$
  select coalesce(array_agg(distinct (entry ->> 'expiresAt')::bigint), '{}')
  from jsonb_array_elements(
    case jsonb_typeof(document -> 'ipEntries') when 'array' then document -> 'ipEntries' else '[]' end) entry
  where (entry ->> 'on')::boolean and entry ->> 'expiresAt' is not null
$$;

alter table policy_revision
  add column zone text generated always as (document #>> '{practice,zone}') stored,
  add column controls jsonb generated always as (document -> 'controls') stored,
  add column expiries bigint[] generated always as (entry_expiries(document)) stored;

create index decision_log_practice_number on decision_log (practice, id);
create index decision_log_practice_user on decision_log (practice, user_id, id);
create index outbox_part on outbox (part, id) where kind in ('policy', 'members');
create index policy_revision_unconfirmed on policy_revision (confirm_by) where confirm_by is not null;

-- When a stream last took something of a chain: chains take turns, the one that waits longest first.
alter table event_stream_cursor add column moved_at bigint not null default 0;
