-- Queries of notices.py.

-- name: put
-- A mail is to leave.
insert into notices (kind, key, email, facts, put_at) values (:kind, :key, :email, :facts, :now);

-- name: latest
-- When an address was last written to, or is about to be; what failed does not count.
select max(put_at) from notices where key = :key and kind = :kind and state <> 'failed';

-- name: next_queued
-- What is to leave next: those that were tried least go first, so that none of them holds the others up.
select id, kind, email, facts, attempts, put_at, claimed_at from notices
where state = 'queued' order by attempts, id limit 1;

-- name: claimed
-- What is about to leave, or has left.
select id, kind, email, facts, attempts, put_at, claimed_at from notices where state = 'claimed' order by id;

-- name: claim
-- From now on it may have left.
update notices set state = 'claimed', attempts = attempts + 1, claimed_at = :now where id = :id;

-- name: settle
-- What became of it.
update notices set state = :state, reason = :reason where id = :id;

-- name: give_up
-- What nobody has taken for so long will not be of use any more.
update notices set state = 'failed', reason = :reason where state = 'queued' and put_at < :before;

-- name: forget_done
-- Whom it went to is nobody's business any more.
delete from notices where state in ('sent', 'failed') and put_at < :before;

-- name: forget_of
-- They have done what it asked for.
delete from notices where key = :key and kind = :kind and state in ('sent', 'failed');

-- name: count
-- How many are still to leave.
select count(*) from notices where state in ('queued', 'claimed');
