-- Queries of ledger.py and claims.py.

-- name: cut
-- A batch of readers, still to be posted.
insert into batches (mailing_id, number, origin, state, count, first, last, readers)
values (:mailing, :number, :number, 'queued', :count, :first, :last, :readers);

-- name: move
-- Some readers of a batch get one of their own, with the same past.
insert into batches (mailing_id, number, origin, state, count, first, last, edition_id, claimed_at, claimant, key,
    digest, settled_at, reason, readers)
select mailing_id, (select max(number) + 1 from batches where mailing_id = :mailing), origin, :state, :count, first,
    last, edition_id, claimed_at, claimant, key, digest, settled_at, :reason, :readers
from batches where mailing_id = :mailing and number = :number;

-- name: highest
-- The number of the batch that was cut last.
select coalesce(max(number), 0) from batches where mailing_id = :mailing;

-- name: be_alone
-- Whoever gives numbers to further batches of a mailing does so alone; here, whoever writes is.
select id from mailings where id = :mailing;

-- name: everyone
-- The readers of all batches.
select readers from batches where mailing_id = :mailing and number > :after order by number limit 100;

-- name: left_out
-- Those whom we did not write to, though they were in a batch.
select subscriber_id from outcomes where mailing_id = :mailing and state = 'skipped';

-- name: next_queued
-- A batch to be posted, unless its mailing was paused or ended, and what its readers are to get.
select number, origin, attempts, readers, (select max(id) from editions where mailing_id = :mailing) from batches
where mailing_id = :mailing and state = 'queued'
and exists (select 1 from mailings where id = :mailing and state = 'open')
order by number limit 1;

-- name: queued
-- This one batch to be posted, in the same columns.
select number, origin, attempts, readers, (select max(id) from editions where mailing_id = :mailing) from batches
where mailing_id = :mailing and number = :number and state = 'queued'
and exists (select 1 from mailings where id = :mailing and state = 'open');

-- name: waits
-- Whether this one batch is to be posted, or was begun by somebody who may be dead.
select 1 from batches where mailing_id = :mailing and number = :number and state in ('queued', 'claimed')
and exists (select 1 from mailings where id = :mailing and state = 'open');

-- name: in_state
-- Batches that stand so, and who claimed them.
select number, claimant from batches where mailing_id = :mailing and state = :state order by number;

-- name: past
-- All that is needed to build a batch again.
select origin, count, readers, edition_id, key, digest, claimed_at, settled_at from batches
where mailing_id = :mailing and number = :number;

-- name: claim
-- Says, before anything leaves, who will be written to, by whom, and under which key.
update batches set state = 'claimed', count = :count, readers = :readers, edition_id = :edition, attempts = :attempt,
    claimed_at = :now, claimant = :claimant, key = :key, digest = :digest
where mailing_id = :mailing and number = :number and state = 'queued';

-- name: take_over
-- Takes on what a dead process had begun, or what nobody knows the fate of, unless another was faster.
update batches set state = 'claimed', claimant = :claimant
where mailing_id = :mailing and number = :number and state = :state and claimant = :before;

-- name: release
-- It surely did not happen.
update batches set state = 'queued', reason = '', edition_id = null, claimed_at = null, claimant = null, key = null,
    digest = null, settled_at = null
where mailing_id = :mailing and number = :number and state = 'claimed' and claimant = :claimant;

-- name: drop
-- Everyone in it has left; there is nothing to post.
update batches set state = 'settled', count = 0, readers = :readers, settled_at = :now
where mailing_id = :mailing and number = :number and state = 'queued';

-- name: settle_whole
-- The provider has taken it for all of its readers.
update batches set state = 'settled', reason = '', message_ids = :message_ids, settled_at = :now
where mailing_id = :mailing and number = :number and state = 'claimed' and claimant = :claimant and count = :count;

-- name: settle
-- The provider has answered for these readers.
update batches set state = 'settled', reason = '', count = :count, readers = :readers, message_ids = :message_ids,
    settled_at = :now
where mailing_id = :mailing and number = :number and state = 'claimed' and claimant = :claimant;

-- name: doubt
-- It may have happened. Without a new reason, the old one stays, and the moment with it.
update batches set state = 'in_doubt', reason = case when :reason = '' then reason else :reason end,
    settled_at = case when :reason = '' then coalesce(settled_at, :now) else :now end
where mailing_id = :mailing and number = :number and state = 'claimed' and claimant = :claimant;

-- name: note
-- Something else happened to a reader than to their batch.
insert into outcomes (mailing_id, subscriber_id, origin, state, reason, at)
values (:mailing, :subscriber, :origin, :state, :reason, :now);

-- name: cancel
-- What is not yet sent of a mailing that was ended never will be.
update batches set state = 'skipped', reason = :reason, settled_at = :now
where mailing_id = :mailing and state = 'queued'
and exists (select 1 from mailings where id = :mailing and state = 'cancelled');

-- name: take_back
-- What the provider has given back is not sent.
update batches set state = 'skipped', reason = :reason, settled_at = :now, message_ids = null
where mailing_id = :mailing and number = :number and state in ('settled', 'in_doubt');

-- name: refused
-- Those whom the provider refused, by the batch that they were first cut into.
select origin, subscriber_id from outcomes where mailing_id = :mailing and state = 'refused'
order by origin, subscriber_id;

-- name: settled_of
-- The settled batches of one origin.
select number, readers, message_ids from batches
where mailing_id = :mailing and origin = :origin and state = 'settled' order by number;

-- name: keep_only
-- These readers alone are left in a batch.
update batches set count = :count, readers = :readers, message_ids = :message_ids
where mailing_id = :mailing and number = :number;

-- name: forget_refusal
-- Who was refused may be tried again.
delete from outcomes where mailing_id = :mailing and subscriber_id = :subscriber and state = 'refused';
