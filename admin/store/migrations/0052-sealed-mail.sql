-- What a mail says is sealed until it is sent: to a public key in `setting`, whose private half lies outside this database.
-- In the clear is only what was queued before the first start of a version that seals, which seals it then.

alter table mail alter column subject drop not null;
alter table mail alter column body drop not null;
alter table mail add column key_id text check (key_id <> '');
alter table mail add column sealed text check (length(sealed) between 80 and 200000);
alter table mail add constraint mail_sealed_or_clear check (
  (sealed is null) = (key_id is null)
  and (sealed is null) = (subject is not null)
  and (sealed is null) = (body is not null)
);
