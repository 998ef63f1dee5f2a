-- What schema.sql says, in PostgreSQL's words.

-- name: find_record
-- Says whether the record of migrations exists. `to_regclass` would remember what was before we waited for others.
select 1 from pg_tables where schemaname = current_schema() and tablename = 'migrations';
