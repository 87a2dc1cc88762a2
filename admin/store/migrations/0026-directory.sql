-- People who left a practice: kept so that nothing of before comes back with them, neither a session nor a membership
-- that an application still names; and people whose name an admin has written, which no application writes over.

create table former_member (
  practice text not null references practice,
  user_id text not null references app_user,
  epoch integer not null check (epoch > 0),
  left_at bigint not null,
  primary key (practice, user_id)
);

-- Whoever is taken in again begins after everything they had: by whatever statement.
create function membership_goes_on() returns trigger language plpgsql as $$
declare
  former former_member%rowtype;
begin
  select * into former from former_member where practice = new.practice and user_id = new.user_id;
  if found then
    new.epoch := greatest(new.epoch, former.epoch);
    new.revoked_at := greatest(new.revoked_at, former.left_at);
  end if;
  return new;
end $$;
create trigger membership_goes_on before insert on membership
  for each row execute function membership_goes_on();

alter table app_user add column kept boolean not null default false;
create unique index app_user_login_folded on app_user (lower(login));

-- What a practice does not have; absent: it has it. Two-factor and signing in are everybody's.
create table practice_feature_off (
  practice text not null references practice,
  feature text not null check (feature in ('ip', 'time', 'permission')),
  off_at bigint not null,
  off_by text not null,
  primary key (practice, feature)
);
