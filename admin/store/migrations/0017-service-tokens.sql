-- Service tokens: machines of a practice. The token itself is nowhere, only its hash; null lists mean "anything".

create table service_token (
  id text primary key check (id ~ '^tok_[A-Za-z0-9_-]{1,60}$'),
  practice text not null references practice,
  name text not null check (name <> '' and length(name) <= 80),
  owner_id text not null,
  hash text not null unique check (hash ~ '^[A-Za-z0-9_-]{43}$'),
  prefix text not null check (prefix ~ '^ght_[A-Za-z0-9_-]{6}$'),
  routes text[] check (cardinality(routes) > 0),
  methods text[] check (cardinality(methods) > 0),
  ranges text[] check (cardinality(ranges) > 0),
  permissions text[] not null,
  created_at bigint not null,
  created_by text not null,
  created_by_name text not null,
  -- A year at most, leap or not.
  expires_at bigint not null check (expires_at > created_at and expires_at <= created_at + 31622400000),
  revoked_at bigint,
  revoked_by_name text,
  last_used_at bigint,
  last_address text,
  foreign key (practice, owner_id) references membership (practice, user_id),
  check ((revoked_at is null) = (revoked_by_name is null))
);
create index service_token_practice on service_token (practice, created_at);

alter table decision_log add column token text;
