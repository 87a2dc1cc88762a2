-- Requests that no route maps, by practice and role, where an application is learned: what a route table is proposed from.
-- The role '' stands for all requests of a place: who has two roles counts for both. Templates only, never a path as sent.

create table learned_route (
  practice text not null references practice (id),
  upstream text not null check (length(upstream) between 1 and 64),
  method text not null check (length(method) between 1 and 40),
  template text not null check (length(template) between 1 and 1000),
  role text not null check (length(role) <= 64),
  count bigint not null check (count > 0),
  first_at bigint not null,
  last_at bigint not null,
  primary key (practice, upstream, method, template, role)
);
create index learned_route_last on learned_route (last_at);
