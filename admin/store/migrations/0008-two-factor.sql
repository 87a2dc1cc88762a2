-- Second factors: what is enrolled, tries, and the way through the portal (tickets, visits, proofs). Secrets are
-- sealed and codes are marks under keys that are not in this database; tokens are here as hashes only.

create table factor (
  id text primary key check (id ~ '^fac_[A-Za-z0-9_-]{1,60}$'),
  user_id text not null references app_user,
  method text not null check (method = 'totp'),
  key_id text not null check (key_id <> ''),
  sealed text not null check (sealed <> ''),
  last_step bigint not null check (last_step >= 0),
  enrolled_at bigint not null,
  last_verified_at bigint not null
);
create unique index factor_of_user on factor (user_id, method);

create table recovery_code (
  user_id text not null references app_user,
  mark text not null check (length(mark) = 43),
  key_id text not null check (key_id <> ''),
  issued_at bigint not null,
  used_at bigint,
  primary key (user_id, mark)
);

-- Counted by person, whatever visit they came by; "free_at": before then no code is looked at.
create table factor_tries (
  user_id text primary key references app_user,
  count integer not null check (count > 0),
  last_at bigint not null,
  free_at bigint not null
);

create table factor_ticket (
  ticket_hash text primary key check (length(ticket_hash) = 43),
  token_hash text not null references session (token_hash) on delete cascade,
  reason text,
  origin text not null,
  to_path text,
  address text not null,
  ends_at bigint not null,
  used_at bigint
);
create index factor_ticket_session on factor_ticket (token_hash);
create index factor_ticket_end on factor_ticket (ends_at);

create table factor_visit (
  id text primary key check (length(id) = 43),
  token_hash text not null references session (token_hash) on delete cascade,
  user_id text not null references app_user,
  reason text,
  origin text not null,
  to_path text,
  ends_at bigint not null,
  tries integer not null default 0 check (tries between 0 and 5),
  pending_id text,
  pending_key_id text,
  pending_sealed text,
  proved_method text,
  proved_at bigint,
  check ((pending_id is null) = (pending_key_id is null) and (pending_id is null) = (pending_sealed is null)),
  check ((proved_method is null) = (proved_at is null))
);
create index factor_visit_session on factor_visit (token_hash);
create index factor_visit_user on factor_visit (user_id);
create index factor_visit_end on factor_visit (ends_at);

create table factor_proof (
  proof_hash text primary key check (length(proof_hash) = 43),
  token_hash text not null references session (token_hash) on delete cascade,
  method text not null,
  verified_at bigint not null,
  ends_at bigint not null
);
create index factor_proof_session on factor_proof (token_hash);
create index factor_proof_end on factor_proof (ends_at);

-- Since when a second factor is required of somebody who has none; "grace_spent": after a reset there is no other.
alter table membership add column required_since bigint;
alter table membership add column grace_spent boolean not null default false;
alter table membership add constraint grace_has_a_start check (enrol_by is null or required_since is not null);
