-- Queries of checking.py.

-- name: damage
-- What the database itself finds wrong, and how often: pages and indexes first, then rows that refer to none.
select 'pages or indexes', count(*) from pragma_integrity_check where integrity_check <> 'ok'
union all
select 'references', count(*) from pragma_foreign_key_check;

-- name: readers
-- What of each reader is more than a word.
select fields, tags, consent from subscribers;

-- name: lists
-- What of sign-ups and of mails that follow from them is a list.
select tags from sign_ups union all select facts from notices;

-- name: syncs
-- When suppressions were taken over.
select provider, at from syncs;

-- name: editions
-- The editions of a mailing.
select id from editions where mailing_id = :mailing order by id;

-- name: batches
-- All that a mailing's batches say.
select number, state, count, first, last, claimant, edition_id, key, digest, claimed_at, readers, message_ids
from batches where mailing_id = :mailing order by number;

-- name: outcomes
-- To whom something else happened than to their batch.
select subscriber_id, state from outcomes where mailing_id = :mailing;
