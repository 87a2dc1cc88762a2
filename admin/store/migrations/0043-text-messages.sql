-- Under which key the marks of own accounts' recovery codes are, so that it can be told when a key is for nothing.
-- Codes are made with their factor, under one key.
alter table admin_recovery_code add column key_id text check (key_id <> '');
update admin_recovery_code c set key_id = f.key_id from admin_factor f where f.account = c.account;
delete from admin_recovery_code where key_id is null;
alter table admin_recovery_code alter column key_id set not null;

-- Text messages: the last two digits are shown, the whole number is sealed as an app's secret is.
alter table factor add column ending text check (ending ~ '^[0-9]{2}$');
alter table factor add constraint factor_shows_its_number check ((method = 'sms') = (ending is not null));

-- The code on its way in a visit, one a visit: to a factor, or to a number ("sealed") that is not one yet and becomes
-- the factor "pending_id". "mark" is of six digits under a key that is not here.
create table text_code (
  visit text primary key references factor_visit on delete cascade,
  factor text references factor on delete cascade,
  pending_id text check (pending_id ~ '^fac_[A-Za-z0-9_-]{1,60}$'),
  key_id text check (key_id <> ''),
  sealed text check (sealed <> ''),
  ending text check (ending ~ '^[0-9]{2}$'),
  mark text not null check (length(mark) = 43),
  ends_at bigint not null,
  used_at bigint,
  check ((factor is null) = (pending_id is not null)),
  check ((pending_id is null) = (sealed is null) and (pending_id is null) = (key_id is null)),
  check ((pending_id is null) = (ending is null))
);

-- What was sent within a day, for the caps. "number_mark" is of the number under a key that is not here.
create table text_sent (
  user_id text not null references app_user,
  practice text not null references practice,
  number_mark text not null check (length(number_mark) = 43),
  sent_at bigint not null
);
create index text_sent_user on text_sent (user_id, sent_at);
create index text_sent_practice on text_sent (practice, sent_at);
create index text_sent_number on text_sent (number_mark, sent_at);
create index text_sent_at on text_sent (sent_at);
