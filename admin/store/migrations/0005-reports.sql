-- What gateways report. The cursor moves in the transaction of the effects, so that nothing counts twice.

create table report_cursor (
  stream text primary key,
  position text not null
);

create table decision_log (
  id bigint generated always as identity primary key,
  code text unique,
  monitored boolean not null,
  at bigint not null,
  last_at bigint not null,
  minute bigint not null,
  count integer not null default 1,
  gateway text not null,
  practice text,
  user_id text,
  session text,
  address text not null,
  upstream text not null,
  method text not null,
  route text not null,
  verdict text not null,
  reason text not null,
  control text,
  revision integer not null,
  failing text[] not null
);
create index decision_log_practice on decision_log (practice, at);
create index decision_log_user on decision_log (user_id, at);
create unique index decision_log_monitored on decision_log
  (coalesce(practice, ''), coalesce(user_id, ''), address, route, reason, minute) where code is null;

create table entry_hit (
  practice text not null,
  entry text not null,
  day integer not null,
  count bigint not null,
  last_at bigint not null,
  primary key (practice, entry, day)
);

create table traffic_fact (
  practice text not null,
  user_id text not null,
  address text not null,
  route text not null,
  bucket bigint not null,
  assurance text not null,
  at bigint not null,
  primary key (practice, user_id, address, route, bucket)
);
create index traffic_fact_at on traffic_fact (at);

create table unmapped_route (
  upstream text not null,
  method text not null,
  template text not null,
  count bigint not null,
  first_at bigint not null,
  last_at bigint not null,
  primary key (upstream, method, template)
);
