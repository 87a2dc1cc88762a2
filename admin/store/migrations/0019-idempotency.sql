-- Requests that may come twice (Idempotency-Key of the admin API). The answer lies under a key that only who asked knows:
-- some answers carry what is shown once.

create table idempotency_key (
  account text not null check (length(account) between 1 and 64),
  key_hash text not null check (length(key_hash) = 43),
  request_hash text not null check (length(request_hash) = 43),
  begun_at bigint not null,
  status integer check (status between 200 and 299),
  answer bytea check (length(answer) <= 2000000),
  primary key (account, key_hash),
  check ((status is null) = (answer is null))
);
create index idempotency_key_begun on idempotency_key (begun_at);
