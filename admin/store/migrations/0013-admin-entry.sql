-- People of practices at the admin origin: their session there stands on a gateway session and on a second factor of its
-- own; and the way in ("admin_entry"): handed over by a gateway, opened by a browser, proved at the portal, brought back.

alter table admin_session alter column account drop not null;
alter table admin_session add column user_id text references app_user;
alter table admin_session add column gateway_session text references session (id) on delete cascade;
alter table admin_session add column factor_method text;
alter table admin_session add column factor_verified_at bigint;
alter table admin_session add constraint admin_session_is_somebodys
  check ((account is null) = (user_id is not null) and (user_id is null) = (gateway_session is null));
alter table admin_session add constraint admin_session_factor
  check ((factor_method is null) = (factor_verified_at is null));
alter table admin_session add constraint admin_session_of_person_is_proved
  check (user_id is null or factor_method is not null);
create index admin_session_gateway on admin_session (gateway_session) where gateway_session is not null;

-- "begin_hash": of the cookie of the one browser that came with the ticket; nobody else can bring the proof.
create table admin_entry (
  ticket_hash text primary key check (length(ticket_hash) = 43),
  session text not null references session (id) on delete cascade,
  to_path text,
  ends_at bigint not null,
  begin_hash text unique check (length(begin_hash) = 43),
  proof_hash text unique check (length(proof_hash) = 43),
  proof_method text,
  proved_at bigint,
  check ((proof_hash is null) = (proof_method is null) and (proof_hash is null) = (proved_at is null)),
  check (proof_hash is null or begin_hash is not null)
);
create index admin_entry_session on admin_entry (session);
create index admin_entry_end on admin_entry (ends_at);

alter table factor_ticket add column admin_entry text references admin_entry (ticket_hash) on delete cascade;
alter table factor_visit add column admin_entry text references admin_entry (ticket_hash) on delete cascade;
