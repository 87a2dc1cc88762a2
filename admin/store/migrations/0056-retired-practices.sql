-- Practices that are no longer at Gatehouse. What asks for practices or their people asks for those that are here: both
-- names are views from now on, so that no query, job or mail can forget to leave the others out. Whatever is of a retired
-- one stays as it is: its security events name it, and it can be taken back. Columns are added to the records, and then
-- to the views.

alter table practice rename to practice_record;
alter table practice_record add column retired_at bigint;
alter table practice_record add column retired_by text;
alter table practice_record add column retired_by_name text;
alter table practice_record add column retired_reason text;
-- Whom people are told to turn to.
alter table practice_record add column retired_contact text;
alter table practice_record add constraint practice_retired_whole check (
  num_nulls(retired_at, retired_by, retired_by_name, retired_reason, retired_contact) in (0, 5)
);

create view practice as
  select id, name, revision, members_version, created_at from practice_record where retired_at is null
  with check option;

alter table membership rename to membership_record;
create view membership as
  select practice, user_id, roles, suspended, epoch, revoked_at, enrol_by, required_since, grace_spent, created_at
  from membership_record m
  where exists (select 1 from practice_record p where p.id = m.practice and p.retired_at is null)
  with check option;
