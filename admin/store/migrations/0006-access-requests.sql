-- Requests for access: one open per user, practice, network and kind. What an approval gives is an access_grant.

create table access_request (
  id text primary key check (id ~ '^arq_[A-Za-z0-9_-]{1,60}$'),
  practice text not null,
  user_id text not null,
  network cidr not null,
  address text not null,
  kind text not null check (kind in ('ip', 'time')),
  status text not null default 'pending'
    check (status in ('pending', 'approved', 'rejected', 'withdrawn', 'expired', 'lapsed')),
  reason text not null check (reason <> ''),
  repeats integer not null default 0 check (repeats >= 0),
  created_at bigint not null,
  asked_at bigint not null,
  expires_at bigint not null check (expires_at > created_at),
  decided_at bigint,
  decided_by text,
  decided_by_name text,
  note text not null default '',
  grant_id text references access_grant,
  foreign key (practice, user_id) references membership (practice, user_id),
  check ((status = 'pending') = (decided_at is null)),
  check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decided_by_name is null)),
  check (status <> 'approved' or grant_id is not null)
);
create unique index access_request_open on access_request (practice, user_id, network, kind)
  where status = 'pending';
create index access_request_practice on access_request (practice, created_at);
create index access_request_user on access_request (user_id, created_at);
create index access_request_network on access_request (network, created_at);
create index access_request_due on access_request (expires_at) where status = 'pending';
