-- An approval may be a grant to the person, or an allowlist entry for a role or the practice ("entry_id", in the policy
-- document; "entry_ends_at" null: without end). "reminded_at": when reviewers were reminded of a request that waits.

alter table access_request add column entry_id text;
alter table access_request add column entry_ends_at bigint;
alter table access_request add column reminded_at bigint;
do $$
declare
  old text;
begin
  select conname into strict old from pg_constraint
    where conrelid = 'access_request'::regclass and pg_get_constraintdef(oid) like '%grant_id IS NOT NULL%';
  execute format('alter table access_request drop constraint %I', old);
end $$;
alter table access_request add constraint access_request_gives
  check (status <> 'approved' or (grant_id is null) <> (entry_id is null));
alter table access_request add constraint access_request_entry_end check (entry_ends_at is null or entry_id is not null);
