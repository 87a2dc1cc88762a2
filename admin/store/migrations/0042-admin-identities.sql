-- Own accounts that come in by a provider's word: whom it means, one identity an account, and sign-ins on their way there.
-- Tokens are here as hashes only; what a provider is asked is derived from the browser's own token.

create table admin_identity (
  account text primary key references admin_account on delete cascade,
  provider text not null check (provider ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  -- A folded verified address, or the provider's id and the hash of its own id for the person.
  subject text not null check (length(subject) between 1 and 300),
  linked_at bigint not null,
  unique (provider, subject)
);

create table admin_provider_visit (
  token_hash text primary key check (length(token_hash) = 43),
  provider text not null,
  return_to text not null check (length(return_to) <= 2000),
  ends_at bigint not null
);
create index admin_provider_visit_end on admin_provider_visit (ends_at);
