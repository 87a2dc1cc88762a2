-- What machines are told, and how it went; and who of a practice is told of what. Where webhooks go is configuration,
-- "endpoint" only its name. A body lives until it was delivered or given up.

create table webhook_delivery (
  id text primary key check (id ~ '^whk_[A-Za-z0-9_-]{1,60}$'),
  practice text not null references practice (id),
  endpoint text not null check (endpoint ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  topic text not null check (topic ~ '^[a-z][a-z.-]{1,63}$'),
  body text not null check (length(body) <= 20000),
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'given-up')),
  queued_at bigint not null,
  due_at bigint not null,
  tries integer not null default 0 check (tries >= 0),
  last_at bigint,
  last_answer text check (length(last_answer) <= 100),
  check ((state = 'waiting') = (body <> ''))
);
create index webhook_delivery_due on webhook_delivery (due_at) where state = 'waiting';
create index webhook_delivery_practice on webhook_delivery (practice, queued_at);

create table notification_setting (
  practice text primary key references practice (id),
  version integer not null check (version > 0),
  settings jsonb not null
);
