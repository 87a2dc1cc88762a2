-- Several second factors a person, each with a name; passkeys (public keys only); codes with which an admin lets somebody
-- set one up from elsewhere; and browsers that are remembered. Tokens are here as hashes, codes as marks.

alter table factor drop constraint factor_method_check;
alter table factor add constraint factor_method_check check (method in ('totp', 'passkey', 'sms'));
drop index factor_of_user;
create index factor_of_user on factor (user_id);
alter table factor add column name text not null default 'Authenticator app' check (length(name) between 1 and 60);
alter table factor alter column name drop default;
alter table factor alter column key_id drop not null;
alter table factor alter column sealed drop not null;
alter table factor add column credential text unique check (credential <> '');
alter table factor add column public_key text check (public_key <> '');
alter table factor add column counter bigint check (counter >= 0);
alter table factor add column transports text[];
alter table factor add constraint factor_has_its_key check (
  (method = 'passkey') = (credential is not null)
  and (method = 'passkey') = (public_key is not null)
  and (method = 'passkey') = (counter is not null)
  and (method = 'passkey') = (transports is not null)
  and (method = 'passkey') = (sealed is null)
  and (method = 'passkey') = (key_id is null)
);

-- "challenge" is shown to a browser once and taken away by the step that judges its answer.
alter table factor_visit add column challenge text check (length(challenge) = 43);
alter table factor_visit add column challenge_for text check (challenge_for in ('create', 'show'));
alter table factor_visit add constraint challenge_has_a_purpose check ((challenge is null) = (challenge_for is null));
-- Practices whose admin let this visit set up a factor from where it is.
alter table factor_visit add column admitted_by text[] not null default '{}';

create table enrolment_code (
  practice text not null references practice,
  user_id text not null references app_user,
  mark text not null check (length(mark) = 43),
  given_by text not null,
  given_at bigint not null,
  ends_at bigint not null,
  used_at bigint,
  primary key (practice, user_id),
  check (ends_at > given_at and ends_at <= given_at + 86400000)
);

-- "epoch" is that of the membership when the browser was remembered: a revocation ends it by raising that.
create table trusted_device (
  token_hash text not null check (length(token_hash) = 43),
  user_id text not null references app_user,
  practice text not null references practice,
  epoch integer not null,
  remembered_at bigint not null,
  ends_at bigint not null,
  primary key (token_hash, user_id, practice),
  check (ends_at > remembered_at and ends_at <= remembered_at + 2592000000)
);
create index trusted_device_user on trusted_device (user_id);

-- A proof may say that the browser is a remembered one, besides a factor or alone.
alter table factor_proof alter column method drop not null;
alter table factor_proof alter column verified_at drop not null;
alter table factor_proof add column devices jsonb not null default '{}';
alter table factor_proof add constraint proof_proves check (
  (method is null) = (verified_at is null) and (method is not null or devices <> '{}'::jsonb)
);
