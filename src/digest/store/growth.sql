-- Queries of growth.py. Moments are text of one width, so that their first signs are a month (7) or a day (10), in UTC.
-- Both counts go by stretches of ids: what a stretch is sorted in stays small, however long the list.

-- name: last_reader
-- Where the stretches of readers end.
select max(id) from subscribers;

-- name: joined
-- How many readers of a stretch joined when, from where, and with which standing: the one that their first change ended.
select
    substr(added_at, 1, :signs),
    source,
    coalesce(
        (select before from history where history.subscriber_id = subscribers.id order by history.id limit 1),
        standing
    ),
    count(*)
from subscribers where id > :after and id <= :last
group by 1, 2, 3;

-- name: last_change
-- Where the stretches of changes end.
select max(id) from history;

-- name: changed
-- How many changes of a stretch led when from which standing to which.
select substr(at, 1, :signs), before, standing, count(*)
from history where id > :after and id <= :last
group by 1, 2, 3;
