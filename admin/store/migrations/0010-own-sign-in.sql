-- Sign-ins at the portal on their way: begun by a gateway, opened by a browser there, proved, and brought back. Tokens are
-- here as hashes only; what goes to a provider and back is derived from the browser's own token and "attempt".

create table own_sign_in (
  begin_hash text primary key check (length(begin_hash) = 43),
  upstream text not null,
  origin text not null,
  to_path text,
  ends_at bigint not null,
  browser_hash text unique check (length(browser_hash) = 43),
  provider text,
  attempt text,
  app_user text,
  person_name text,
  person_email text,
  proof_hash text unique check (length(proof_hash) = 43),
  proof_ends_at bigint,
  used_for text,
  check ((provider is null) = (attempt is null) or app_user is not null),
  check ((app_user is null) = (proof_hash is null) and (app_user is null) = (proof_ends_at is null)),
  check (used_for is null or proof_hash is not null)
);
create index own_sign_in_end on own_sign_in (ends_at);
