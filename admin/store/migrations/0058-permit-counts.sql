-- How many requests gateways permitted, by practice and hour: what a chart of decisions sets refusals against. Sums alone,
-- of nobody in particular; who was refused is decision_log.

create table permit_count (
  practice text not null check (length(practice) between 1 and 64),
  hour bigint not null,
  count bigint not null check (count > 0),
  primary key (practice, hour)
);
create index permit_count_hour on permit_count (hour);
