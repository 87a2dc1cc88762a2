-- A stream also carries the signed checkpoints of each chain: up to which one it has.

alter table event_stream_cursor add column checkpoint_seq bigint not null default 0 check (checkpoint_seq >= 0);
