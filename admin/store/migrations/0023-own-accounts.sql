-- Own accounts of the admin plane: links to set a password, a second factor of their own, and sign-ins that wait for it.
-- Secrets are sealed and codes are marks under keys that are not in this database; tokens are here as hashes only.

alter table admin_account alter column password_hash drop not null;

create table admin_link (
  token_hash text primary key check (length(token_hash) = 43),
  account text not null unique references admin_account on delete cascade,
  ends_at bigint not null
);

create table admin_factor (
  account text primary key references admin_account on delete cascade,
  key_id text not null check (key_id <> ''),
  sealed text not null check (sealed <> ''),
  last_step bigint not null check (last_step >= 0),
  enrolled_at bigint not null,
  last_verified_at bigint not null
);

-- A secret that is shown and not confirmed yet: one an account, the newest.
create table admin_factor_pending (
  account text primary key references admin_account on delete cascade,
  key_id text not null check (key_id <> ''),
  sealed text not null check (sealed <> ''),
  ends_at bigint not null
);

create table admin_recovery_code (
  account text not null references admin_account on delete cascade,
  mark text not null check (length(mark) = 43),
  used_at bigint,
  primary key (account, mark)
);

create table admin_sign_in (
  token_hash text primary key check (length(token_hash) = 43),
  account text not null references admin_account on delete cascade,
  ends_at bigint not null,
  tries integer not null default 0 check (tries between 0 and 5)
);
create index admin_sign_in_end on admin_sign_in (ends_at);
