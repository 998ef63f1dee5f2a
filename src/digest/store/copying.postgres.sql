-- Where PostgreSQL differs from copying.sql.

-- name: columns
-- The columns of a table.
select column_name from information_schema.columns
where table_schema = current_schema() and table_name = :table
order by cast(column_name as text) collate "C";

-- name: keep_still
-- Nobody writes until this transaction ends; to read is free.
lock table subscribers, mailings, editions, edition_images, batches, outcomes, news, history, pauses, proofs, erased, sign_ups, notices, handovers, numbers
in share mode;

-- name: highest_id
-- The highest id that a table ever gave, which may be higher than any that is left.
select coalesce(pg_sequence_last_value(cast(pg_get_serial_sequence(:table, 'id') as regclass)), 0);

-- name: forget_ids
-- As if the table had never given an id.
select setval(pg_get_serial_sequence(:table, 'id'), 1, false);

-- name: go_on_from
-- The next id is a higher one.
select setval(pg_get_serial_sequence(:table, 'id'), :highest);
