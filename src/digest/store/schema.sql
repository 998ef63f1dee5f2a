-- name: find_record
-- Says whether the record of migrations exists; it does from the first one on.
select name from sqlite_master where type = 'table' and name = 'migrations';

-- name: create_record
-- Lays the record of migrations; belongs to the first of them.
create table if not exists migrations (number integer primary key, name text not null);

-- name: count_steps
-- The number of the latest migration that ran.
select coalesce(max(number), 0) from migrations;

-- name: record
-- Notes that a migration ran, in its own transaction.
insert into migrations (number, name) values (:number, :name);

-- name: name
-- What the list is called in public addresses.
select name from identity;
