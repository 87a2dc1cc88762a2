-- Emergency access: each use with its reason, and what became of it. What lifts the rules is the access_grant.

create table emergency_access (
  id text primary key check (id ~ '^eac_[A-Za-z0-9_-]{1,60}$'),
  practice text not null,
  user_id text not null,
  grant_id text not null unique references access_grant,
  reason text not null check (reason <> ''),
  address text not null,
  method text not null,
  started_at bigint not null,
  ends_at bigint not null check (ends_at > started_at),
  ended_at bigint,
  ended_by_name text,
  reviewed_at bigint,
  reviewed_by text,
  reviewed_by_name text,
  review_note text not null default '',
  foreign key (practice, user_id) references membership (practice, user_id),
  check ((ended_at is null) = (ended_by_name is null)),
  check ((reviewed_at is null) = (reviewed_by is null) and (reviewed_at is null) = (reviewed_by_name is null))
);
create index emergency_access_practice on emergency_access (practice, started_at);
create index emergency_access_user on emergency_access (user_id, started_at);

-- Sealed codes of an own account: each opens one session, once. Only argon2id texts are kept.
create table sealed_code (
  id text primary key check (id ~ '^slc_[A-Za-z0-9_-]{1,60}$'),
  account text not null references admin_account on delete cascade,
  code_hash text not null,
  made_at bigint not null,
  made_by_name text not null,
  used_at bigint,
  used_from text,
  check ((used_at is null) = (used_from is null))
);
create index sealed_code_account on sealed_code (account) where used_at is null;

-- Of a session that a sealed code opened: no address and no hour refuses it.
alter table admin_session add column break_glass boolean not null default false;
