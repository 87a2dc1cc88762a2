-- Odd paths are listed beside unmapped routes; and which batch of each gateway was taken last, so that one that was sent
-- twice counts once.

alter table unmapped_route add column odd text not null default '';
alter table unmapped_route drop constraint unmapped_route_pkey;
alter table unmapped_route add primary key (upstream, method, template, odd);

create table report_source (
  source text primary key check (source <> ''),
  number bigint not null check (number > 0),
  lost bigint not null default 0,
  at bigint not null
);
