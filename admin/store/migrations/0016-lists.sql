-- Tokens of machines at an office that keep an allowlist entry at the office's present address; networks that admins do
-- not want to be asked about again; and what asking costs: traffic facts of a practice by time and by address.

create table heartbeat_token (
  id text primary key check (id ~ '^hbt_[A-Za-z0-9_-]{1,60}$'),
  practice text not null references practice,
  entry text not null,
  token_hash text not null unique check (length(token_hash) = 43),
  prefix text not null check (length(prefix) between 1 and 12),
  created_by text not null,
  created_by_name text not null,
  created_at bigint not null,
  last_beat_at bigint,
  last_address text,
  moves integer not null default 0 check (moves >= 0),
  moves_since bigint not null default 0,
  revoked_at bigint,
  check ((last_beat_at is null) = (last_address is null))
);
create index heartbeat_token_practice on heartbeat_token (practice) where revoked_at is null;

create table address_card_dismissal (
  practice text not null references practice,
  network cidr not null,
  dismissed_at bigint not null,
  dismissed_by text not null,
  primary key (practice, network)
);

create index traffic_fact_practice_at on traffic_fact (practice, at);
create index traffic_fact_practice_address on traffic_fact (practice, address, at);
create index decision_log_practice_last on decision_log (practice, last_at) where reason = 'address-not-allowed';
