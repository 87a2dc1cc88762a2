-- The canary (runtime/canary.ts): which round it is in, since when, and what each gateway decided in its newest one.

create table canary (
  only_row boolean primary key default true check (only_row),
  round bigint not null check (round >= 0),
  saved_at bigint not null
);

create table canary_answer (
  gateway text primary key,
  round bigint not null,
  reason text not null,
  at bigint not null
);

alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check check (kind in ('policy', 'members', 'session', 'canary'));
