-- Security events: one hash chain per practice, append-only. The head is kept apart, so that a chain cut short is
-- noticed; checkpoints are signed by the control plane, so that a chain rewritten whole is noticed too.

create table security_event (
  practice text not null,
  seq bigint not null check (seq > 0),
  at bigint not null,
  action text not null,
  origin text not null,
  actor_kind text not null,
  actor_id text not null,
  actor_name text not null,
  target_kind text,
  target_id text,
  target_name text,
  prev_hash text not null,
  hash text not null,
  body text not null,
  primary key (practice, seq)
);
create index security_event_at on security_event (practice, at);
create index security_event_action on security_event (practice, action, seq);
create index security_event_actor on security_event (practice, actor_id, seq);

create table event_head (
  practice text primary key,
  seq bigint not null,
  hash text not null,
  checkpoint_seq bigint not null default 0
);

create table event_checkpoint (
  practice text not null,
  seq bigint not null,
  hash text not null,
  at bigint not null,
  signature text not null,
  primary key (practice, seq)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger security_event_kept before update or delete on security_event
  for each row execute function refuse_change();
create trigger security_event_whole before truncate on security_event
  for each statement execute function refuse_change();
create trigger event_checkpoint_kept before update or delete on event_checkpoint
  for each row execute function refuse_change();
create trigger event_checkpoint_whole before truncate on event_checkpoint
  for each statement execute function refuse_change();
create trigger event_head_kept before delete on event_head
  for each row execute function refuse_change();
create trigger event_head_whole before truncate on event_head
  for each statement execute function refuse_change();
