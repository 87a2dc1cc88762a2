-- Since when a passkey counts as one that no look-alike site had made for itself; null: until then it counts as a code.
-- Those of before this rule go on counting.
alter table factor add column vouched_at bigint;
update factor set vouched_at = enrolled_at where method = 'passkey';
alter table factor add constraint passkeys_are_vouched_for check (vouched_at is null or method = 'passkey');

-- Signing in with a passkey: "passkey_challenge" is shown to the browser of this sign-in and taken away by the step that
-- judges its answer.
alter table own_sign_in add column passkey_challenge text check (length(passkey_challenge) = 43);
