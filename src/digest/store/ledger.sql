-- Queries of ledger.py.

-- name: cut
-- A batch of readers, still to be posted.
insert into batches (edition_id, number, state, count, first, last, readers)
values (:edition, :number, 'queued', :count, :first, :last, :readers);

-- name: queue_anew
-- Readers to try again: a batch of their own, in the stretch that they were cut from.
insert into batches (edition_id, number, state, count, first, last, readers)
select edition_id, (select max(number) + 1 from batches where edition_id = :edition), 'queued', :count, first, last,
    :readers
from batches where edition_id = :edition and number = :number;

-- name: next_queued
-- The first batch to be posted behind a number.
select number from batches where edition_id = :edition and state = 'queued' and number > :after order by number limit 1;

-- name: claimed
-- Batches that someone has begun to post.
select number from batches where edition_id = :edition and state = 'claimed' order by number;

-- name: queued_readers
-- Who is in a batch that is to be posted.
select readers from batches where edition_id = :edition and number = :number and state = 'queued';

-- name: claimed_batch
-- All that is needed to build a claimed batch again.
select readers, key, digest, claimed_at from batches
where edition_id = :edition and number = :number and state = 'claimed';

-- name: claim
-- Says, before anything leaves, who will be written to, by whom, and under which key.
update batches set state = 'claimed', count = :count, readers = :readers,
    claimed_at = :now, claimant = :claimant, key = :key, digest = :digest
where edition_id = :edition and number = :number and state = 'queued';

-- name: reclaim
-- Another process takes on what a dead one had begun.
update batches set claimant = :claimant where edition_id = :edition and number = :number and state = 'claimed';

-- name: release
-- It surely did not happen.
update batches set state = 'queued', claimed_at = null, claimant = null, key = null, digest = null
where edition_id = :edition and number = :number and state = 'claimed';

-- name: drop
-- Everyone in it has left; there is nothing to post.
update batches set state = 'settled', count = 0, readers = x'', settled_at = :now
where edition_id = :edition and number = :number and state = 'queued';

-- name: settle
-- The provider has answered for these readers.
update batches set state = 'settled', count = :count, readers = :readers, message_ids = :message_ids, settled_at = :now
where edition_id = :edition and number = :number and state = 'claimed';

-- name: doubt
-- It may have happened.
update batches set state = 'in_doubt', reason = :reason, settled_at = :now
where edition_id = :edition and number = :number and state = 'claimed';

-- name: note
-- Something else happened to a reader than to their batch.
insert into outcomes (edition_id, subscriber_id, state, reason, at)
values (:edition, :subscriber, :state, :reason, :now);

-- name: tally
-- Readers by the state of their batch, and those to whom something else happened: one statement, so one moment.
select 'batch', state, sum(count) from batches where edition_id = :edition group by state
union all
select 'reader', state, count(*) from outcomes where edition_id = :edition group by state;

-- name: next_stretch
-- The first stretch of ids behind one.
select first, last from batches where edition_id = :edition and first > :after order by first limit 1;

-- name: batches_of_stretch
-- All batches that were cut from a stretch.
select state, reason, settled_at, readers, message_ids from batches where edition_id = :edition and first = :first;

-- name: outcomes_of_stretch
-- What else happened in a stretch.
select subscriber_id, state, reason, at from outcomes
where edition_id = :edition and subscriber_id between :first and :last;
