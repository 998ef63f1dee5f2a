-- Queries of taking.py.

-- name: readers
-- All that is known of readers, but for what happened to them.
select key, email, name, fields, tags, standing, token, source, added_at, changed_at, consent from subscribers;

-- name: count
-- How many they are.
select count(*) from subscribers;

-- name: add_reader
-- A reader under another number; nothing happens where it is another's.
insert into subscribers
    (id, key, email, name, fields, tags, standing, token, source, added_at, changed_at, consent)
values (:id, :key, :email, :name, :fields, :tags, :standing, :token, :source, :added_at, :changed_at, :consent)
on conflict (id) do nothing;

-- name: pauses
-- Who is in the middle of a pause, or was.
select key, since, until from pauses join subscribers on subscribers.id = pauses.subscriber_id;

-- name: add_pause
-- A reader's pause.
insert into pauses (subscriber_id, since, until) values (:id, :since, :until);

-- name: erased
-- Whose address was erased.
select hash, key_id, at from erased;

-- name: add_erased
-- An address that was erased.
insert into erased (hash, key_id, at) values (:hash, :key_id, :at);
