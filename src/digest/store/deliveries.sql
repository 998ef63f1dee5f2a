-- Queries of deliveries.py.

-- name: tally
-- Readers by the state of their batch, and those to whom something else happened: one statement, so one moment.
select 'batch', state, sum(count) from batches where mailing_id = :mailing group by state
union all
select 'reader', state, count(*) from outcomes where mailing_id = :mailing group by state;

-- name: begun
-- A batch that was claimed or more; one that was halved, or whose readers have all left, has nobody in it.
select 1 from batches where mailing_id = :mailing and state not in ('queued', 'skipped') and count > 0 limit 1;

-- name: next_origin
-- The first batch behind a number of those that were cut from the list.
select min(origin) from batches where mailing_id = :mailing and origin > :after;

-- name: fates
-- All batches that came of one, and then what else happened to readers of them: one statement, so one moment.
select null as subscriber_id, state, reason, settled_at, readers, message_ids from batches
where mailing_id = :mailing and origin = :origin
union all
select subscriber_id, state, reason, at, null, null from outcomes where mailing_id = :mailing and origin = :origin;

-- name: origins_around
-- Batches that a reader can have been cut into, of every mailing.
select distinct mailing_id, origin from batches
where first <= :subscriber and last >= :subscriber order by mailing_id, origin;
