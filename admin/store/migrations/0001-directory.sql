-- Practices with their policy revisions; people, how applications call them, and their memberships.
-- Instants are bigint, milliseconds since the epoch; 9007199254740991 is "never".

create table practice (
  id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  name text not null,
  revision integer not null check (revision > 0),
  members_version integer not null default 1 check (members_version > 0),
  created_at bigint not null
);

create table policy_revision (
  practice text not null references practice,
  revision integer not null check (revision > 0),
  document jsonb not null,
  author_id text not null,
  author_name text not null,
  saved_at bigint not null,
  confirm_by bigint,
  predecessor integer,
  primary key (practice, revision)
);

alter table practice add constraint practice_has_its_revision
  foreign key (id, revision) references policy_revision (practice, revision) deferrable initially deferred;

create table app_user (
  id text primary key check (id ~ '^usr_[A-Za-z0-9_-]{1,60}$'),
  name text not null,
  login text not null unique check (login <> ''),
  email text,
  suspended boolean not null default false,
  created_at bigint not null
);

-- "folded" is the application's id in NFC and lower case: two spellings of one id are one person.
create table app_identity (
  upstream text not null,
  folded text not null,
  app_user text not null,
  user_id text not null references app_user,
  created_at bigint not null,
  primary key (upstream, folded)
);
create index app_identity_user on app_identity (user_id);

create table membership (
  practice text not null references practice,
  user_id text not null references app_user,
  roles text[] not null default '{}',
  suspended boolean not null default false,
  epoch integer not null default 0 check (epoch >= 0),
  revoked_at bigint,
  enrol_by bigint,
  created_at bigint not null,
  primary key (practice, user_id)
);
create index membership_user on membership (user_id);

create table access_grant (
  id text primary key,
  practice text not null,
  user_id text not null,
  kind text not null check (kind in ('ip', 'time', 'break-glass')),
  range text,
  starts_at bigint not null,
  ends_at bigint not null check (ends_at > starts_at),
  given_by text not null,
  withdrawn_at bigint,
  foreign key (practice, user_id) references membership (practice, user_id)
);
create index access_grant_member on access_grant (practice, user_id) where withdrawn_at is null;

create table setting (
  key text primary key,
  value jsonb not null
);
