-- Queries of numbering.py.

-- name: find
-- The reader of a number that follows from an address.
select subscriber_id, noted from numbers where key_id = :key_id and number = :number;

-- name: last_numbered
-- Who was numbered last in their turn; who came later was not.
select subscriber_id from numbers where key_id = :key_id and noted = 0 order by subscriber_id desc limit 1;

-- name: newcomers
-- Readers behind an id.
select id, key from subscribers where id > :after order by id limit :size;

-- name: add
-- A reader can be found by a number; who had it before goes by another address now.
insert into numbers (key_id, number, subscriber_id, noted) values (:key_id, :number, :id, :noted)
on conflict (key_id, number) do update set subscriber_id = excluded.subscriber_id, noted = excluded.noted;
