-- Signing in here with a password: what it is checked against, links to set one, how often one was tried; and what a
-- sign-in at the portal was proved by. Passwords are here as argon2id texts only, links as hashes.

create table own_password (
  user_id text primary key references app_user,
  password_hash text not null check (password_hash like '$argon2id$%'),
  set_at bigint not null
);

-- "ends_at": 30 minutes after it was made; a password that is set takes every link of its user along.
create table password_link (
  link_hash text primary key check (length(link_hash) = 43),
  user_id text not null references app_user,
  made_at bigint not null,
  ends_at bigint not null check (ends_at > made_at)
);
create index password_link_user on password_link (user_id, made_at);
create index password_link_end on password_link (ends_at);

-- "key": whose tries these are, by person and network, by person, or by network; "level" runs out by itself.
create table password_tries (
  key text primary key check (key <> ''),
  level double precision not null check (level > 0),
  last_at bigint not null,
  free_at bigint not null
);
create index password_tries_last on password_tries (last_at);

-- By what it was proved; "user_id": whose it is where it was proved here and not by a provider's word.
alter table own_sign_in add column method text check (method in ('own-password', 'own-passkey', 'own-oidc'));
alter table own_sign_in add column user_id text references app_user;
alter table own_sign_in add column factor_method text;
alter table own_sign_in add column factor_verified_at bigint;
update own_sign_in set method = 'own-oidc' where app_user is not null;
alter table own_sign_in add constraint proved_by_something check ((method is null) = (app_user is null));
alter table own_sign_in add constraint providers_name_no_user
  check (method is null or (method = 'own-oidc') = (user_id is null));
alter table own_sign_in add constraint own_factor_has_its_time
  check ((factor_method is null) = (factor_verified_at is null));
create index own_sign_in_user on own_sign_in (user_id) where user_id is not null;
