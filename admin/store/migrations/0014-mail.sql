-- Mail that waits to be sent. A row lives until its mail is sent or given up: bodies may carry links and codes.

create table mail (
  id bigint generated always as identity primary key,
  to_address text not null check (length(to_address) between 3 and 254 and to_address !~ '[[:cntrl:][:space:]]'),
  subject text not null check (length(subject) between 1 and 200 and subject !~ '[[:cntrl:]]'),
  body text not null check (length(body) between 1 and 20000),
  queued_at bigint not null,
  due_at bigint not null,
  tries integer not null default 0 check (tries >= 0)
);
create index mail_due on mail (due_at);
