-- Queries of signups.py. Rows are: id, email, tags, source, asked_at, asked_from, state.

-- name: add
-- Somebody asks for the newsletter.
insert into sign_ups (key, email, tags, source, asked_at, asked_from, network)
values (:key, :email, :tags, :source, :now, :asked_from, :network);

-- name: count_of_network
-- How often one network has asked since a moment.
select count(*) from sign_ups where network = :network and asked_at > :since;

-- name: new
-- The first that nobody has looked at.
select id, email, tags, source, asked_at, asked_from, state from sign_ups
where decided_at is null order by id limit :size;

-- name: count_written_to
-- How many were written to since a moment.
select count(*) from sign_ups where decided_at > :since and state in ('asked', 'told', 'confirmed');

-- name: decide
-- What one came to, and when its row goes.
update sign_ups set state = :state, decided_at = :now, forget_at = :forget_at where id = :id;

-- name: find
-- One by its number.
select id, email, tags, source, asked_at, asked_from, state from sign_ups where id = :id;

-- name: confirm
-- They have confirmed it.
update sign_ups set state = 'confirmed' where id = :id;

-- name: forget_old
-- What is over leaves nothing behind.
delete from sign_ups where forget_at <= :now;

-- name: give_up
-- What nobody has come to in time.
delete from sign_ups where decided_at is null and asked_at < :before;
