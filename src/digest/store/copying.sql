-- Queries of copying.py.

-- name: columns
-- The columns of a table.
select name from pragma_table_info(:table) order by name;

-- name: keep_still
-- Nobody writes until this transaction ends; where there is only one writer, that is so from its beginning.
select 1;

-- name: highest_id
-- The highest id that a table ever gave, which may be higher than any that is left.
select coalesce(max(seq), 0) from sqlite_sequence where name = :table;

-- name: forget_ids
-- As if the table had never given an id.
delete from sqlite_sequence where name = :table;

-- name: go_on_from
-- The next id is a higher one.
insert into sqlite_sequence (name, seq) values (:table, :highest);

-- name: forget_identity
-- The list is about to get the name that it has where it comes from.
delete from identity;
