-- Events that have been kept their time wait for a stream that has not got them, and not for ever: since when.

create table event_forgetting_wait (
  practice text primary key,
  since bigint not null
);
