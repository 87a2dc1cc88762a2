-- What is added to a policy's revision in the version under which gateways take it in: grows when the database is found
-- to be a restored copy, since gateways hold newer versions of revisions that the copy will count again.
alter table practice add column version_base bigint not null default 0 check (version_base >= 0);
