-- Passkeys of own accounts of the admin plane, and the challenges that wait for an answer. A public key is no secret.

create table admin_passkey (
  id text primary key,
  account text not null references admin_account on delete cascade,
  name text not null check (length(name) between 1 and 60),
  credential text not null unique check (length(credential) between 1 and 1400),
  public_key text not null check (public_key <> ''),
  counter bigint not null check (counter >= 0),
  transports text[] not null,
  -- It can be on several devices of its owner.
  synced boolean not null,
  enrolled_at bigint not null,
  last_verified_at bigint not null
);
create index admin_passkey_account on admin_passkey (account);

-- One a browser that is in, or that waits to be: the newest. It is deleted by the answer that it is for, right or wrong.
create table admin_passkey_challenge (
  holder text primary key check (length(holder) between 1 and 100),
  account text not null references admin_account on delete cascade,
  purpose text not null check (purpose in ('create', 'show')),
  challenge text not null check (length(challenge) = 43),
  ends_at bigint not null
);
create index admin_passkey_challenge_end on admin_passkey_challenge (ends_at);
