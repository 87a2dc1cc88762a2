-- What is added to a policy's revision in the version under which gateways take it in: grows when the database is found
-- to be a restored copy, since gateways hold newer versions of revisions that the copy will count again.
alter table practice_record add column version_base bigint not null default 0 check (version_base >= 0);

create or replace view practice as
  select id, name, revision, members_version, created_at, version_base from practice_record where retired_at is null
  with check option;
