-- What was decided about, so that a refusal can be replayed by its code; null for monitored ones and older rows.

alter table decision_log add column asked jsonb;
