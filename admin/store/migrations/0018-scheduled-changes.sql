-- Changes of a policy that wait for their time. "draft" is applied to the policy of that moment; "changes" is what it
-- came to when it was made, in words. A settled one is kept: what became of it is asked about later.

create table scheduled_change (
  id text primary key check (id ~ '^chg_[A-Za-z0-9_-]{1,60}$'),
  practice text not null references practice,
  starts_at bigint not null,
  draft jsonb not null,
  changes text[] not null,
  notice text not null check (length(notice) <= 500),
  reason text,
  overridden boolean not null,
  actor_kind text not null check (actor_kind in ('admin', 'user', 'cli')),
  actor_id text not null,
  actor_name text not null,
  address text,
  created_at bigint not null,
  settled_at bigint,
  outcome text check (outcome in ('applied', 'refused', 'cancelled')),
  detail text,
  check ((settled_at is null) = (outcome is null)),
  check (starts_at > created_at)
);
create index scheduled_change_due on scheduled_change (starts_at) where settled_at is null;
create index scheduled_change_practice on scheduled_change (practice, starts_at);
