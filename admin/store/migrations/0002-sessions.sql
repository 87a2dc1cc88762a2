-- Gateway sessions (a record each; what gateways see of it is signed from here) and the admin plane's own.

create table session (
  id text primary key,
  token_hash text not null unique,
  cookie_hash text,
  user_id text not null references app_user,
  upstream text not null,
  app_user text not null,
  method text not null,
  epochs jsonb not null,
  version integer not null default 1 check (version > 0),
  started_at bigint not null,
  last_seen_at bigint not null,
  absolute_deadline bigint not null,
  held boolean not null default false,
  held_reason text,
  ended_at bigint,
  ended_why text,
  factor_method text,
  factor_verified_at bigint,
  trusted_devices jsonb not null default '{}',
  address_first text not null,
  address_last text not null,
  device text not null,
  streams integer not null default 0,
  check ((ended_at is null) = (ended_why is null)),
  check ((factor_method is null) = (factor_verified_at is null))
);
create index session_live_user on session (user_id) where ended_at is null;
create index session_user_seen on session (user_id, last_seen_at);
create index session_deadline on session (absolute_deadline);

create table admin_account (
  id text primary key,
  login text not null unique check (login <> ''),
  name text not null,
  password_hash text not null,
  every_practice boolean not null default false,
  suspended boolean not null default false,
  created_at bigint not null,
  password_changed_at bigint not null
);

create table admin_grant (
  account text not null references admin_account,
  practice text not null references practice,
  permissions text[] not null,
  primary key (account, practice)
);

create table admin_session (
  id text primary key,
  token_hash text not null unique,
  account text not null references admin_account,
  created_at bigint not null,
  last_seen_at bigint not null,
  deadline bigint not null,
  ended_at bigint,
  address_first text not null,
  address_last text not null,
  device text not null
);
create index admin_session_account on admin_session (account, last_seen_at);

-- From where a user (usr_…) or an own account (adm_…) was seen: the lockout guard asks for the last 30 days.
create table address_use (
  subject text not null,
  address text not null,
  first_at bigint not null,
  last_at bigint not null,
  primary key (subject, address)
);
create index address_use_last on address_use (last_at);
create index session_cookie on session (cookie_hash, started_at) where cookie_hash is not null;
