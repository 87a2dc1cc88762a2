-- How long events are kept, and how they are forgotten: by whole segments, up to a signed checkpoint, and only then.
-- An anchor says "everything up to this event was forgotten, and this was its hash": the chain goes on from there. It is
-- written first; the rows below it may be deleted because it stands, and for no other reason.

alter table event_head add column checkpoint_at bigint not null default 0;
alter table event_checkpoint add column number bigint generated always as identity unique;

create table event_retention (
  practice text primary key,
  years integer not null default 6 check (years between 1 and 100),
  held boolean not null default false,
  held_why text not null default '',
  version integer not null check (version > 1)
);

create table event_anchor (
  practice text not null,
  seq bigint not null check (seq > 0),
  hash text not null,
  count bigint not null check (count > 0),
  at bigint not null,
  signature text not null,
  primary key (practice, seq)
);

-- What the newest whole check of each chain found.
create table event_check (
  practice text primary key,
  seq bigint not null,
  ok boolean not null,
  why text not null,
  broken_at bigint,
  at bigint not null
);

-- Where each stream of events to a machine elsewhere stands; "leased_until": one control plane sends at a time.
create table event_stream (
  name text primary key check (name <> ''),
  leased_until bigint not null default 0,
  failures integer not null default 0 check (failures >= 0),
  next_try_at bigint not null default 0,
  sent_at bigint,
  last_error text
);

create table event_stream_cursor (
  stream text not null references event_stream on delete cascade,
  practice text not null,
  seq bigint not null check (seq >= 0),
  primary key (stream, practice)
);

create function is_held(asked text) returns boolean language sql stable as $$
  select coalesce((select held from event_retention where practice = asked), false)
$$;

create function refuse_early_anchor() returns trigger language plpgsql as $$
declare
  kept_ms bigint;
begin
  if is_held(new.practice) then
    raise exception 'events of % are on legal hold', new.practice using errcode = 'restrict_violation';
  end if;
  if not exists (select from event_checkpoint c
      where c.practice = new.practice and c.seq = new.seq and c.hash = new.hash) then
    raise exception 'event % of % is not the last of a segment', new.seq, new.practice
      using errcode = 'restrict_violation';
  end if;
  select coalesce((select years from event_retention where practice = new.practice), 6)::bigint * 31556952000
    into kept_ms;
  if exists (select from security_event e
      where e.practice = new.practice and e.seq <= new.seq and e.at > new.at - kept_ms) then
    raise exception 'events of % are kept longer than that', new.practice using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger event_anchor_late before insert on event_anchor
  for each row execute function refuse_early_anchor();
create trigger event_anchor_kept before update or delete on event_anchor
  for each row execute function refuse_change();
create trigger event_anchor_whole before truncate on event_anchor
  for each statement execute function refuse_change();

create function refuse_unless_anchored() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not is_held(old.practice) and exists (
    select from event_anchor a where a.practice = old.practice
      and (a.seq > old.seq or (a.seq = old.seq and tg_table_name = 'security_event'))
  ) then
    return old;
  end if;
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
drop trigger security_event_kept on security_event;
create trigger security_event_kept before update or delete on security_event
  for each row execute function refuse_unless_anchored();
drop trigger event_checkpoint_kept on event_checkpoint;
create trigger event_checkpoint_kept before update or delete on event_checkpoint
  for each row execute function refuse_unless_anchored();

-- A refusal is looked for by where it came from and why, and by month for the access report.
create index decision_log_address on decision_log (practice, address, id);
create index security_event_target on security_event (practice, target_id, seq);
