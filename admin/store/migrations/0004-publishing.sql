-- Outbox: what changed, written in the transaction of the change; "sequence" is null until it is published, then
-- the one whose acknowledgement by a gateway says that the change is in force there.
-- Publication: the newest signed text of each key with the sequence it was published under.

create table outbox (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('policy', 'members', 'session')),
  part text not null,
  saved_at bigint not null,
  sequence bigint,
  published_at bigint,
  enforced_at bigint
);
create index outbox_pending on outbox (id) where sequence is null;
create index outbox_unenforced on outbox (sequence) where enforced_at is null;

create function outbox_ring() returns trigger language plpgsql as $$
begin
  perform pg_notify('gatehouse_outbox', '');
  return null;
end $$;
create trigger outbox_rings after insert on outbox for each statement execute function outbox_ring();

create table publication (
  key text primary key,
  kind text not null,
  part text not null,
  sequence bigint not null unique,
  version bigint not null,
  text text not null,
  expires_at bigint
);
create index publication_part on publication (kind, part) where kind in ('policy', 'members');
create index publication_expiry on publication (expires_at) where expires_at is not null;

create table publication_state (
  only_row boolean primary key default true check (only_row),
  sequence bigint not null,
  practices_version bigint not null
);
insert into publication_state (sequence, practices_version) values (0, 0);

create table gateway_ack (
  gateway text primary key,
  sequence bigint not null,
  at bigint not null
);
