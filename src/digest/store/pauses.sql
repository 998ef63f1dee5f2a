-- Queries of pauses.py. Moments are text of one width, so that they sort as time runs.

-- name: put
-- From now on a reader gets nothing until then; a pause that is not over goes on from where it began.
insert into pauses (subscriber_id, since, until) values (:subscriber, :now, :until)
on conflict (subscriber_id) do update set
    since = case when pauses.until > excluded.since then pauses.since else excluded.since end,
    until = excluded.until;

-- name: end
-- A pause is over before its time.
update pauses set until = :now where subscriber_id = :subscriber and until > :now;

-- name: find
-- The latest pause of a reader.
select since, until from pauses where subscriber_id = :subscriber;

-- name: between
-- Those between two ids who are in the middle of a pause at a moment, and its end.
select subscriber_id, until from pauses
where subscriber_id between :first and :last and since <= :moment and until > :moment;

-- name: count
-- How many of those who may be written to are in the middle of a pause.
select count(*) from pauses join subscribers on subscribers.id = pauses.subscriber_id
where since <= :moment and until > :moment and standing = 'active';
