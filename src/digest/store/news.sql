-- Queries of news.py and doubts.py.

-- name: mailing_of
-- The mailing that an edition belongs to, by the beginning of its fingerprint.
select mailing_id from editions where substr(fingerprint, 1, 16) = :fingerprint limit 1;

-- name: add
-- An event; one that is told again changes nothing.
insert into news (event, provider, subscriber_id, mailing_id, kind, at, heard_at, original, reason)
values (:event, :provider, :subscriber, :mailing, :kind, :at, :now, :original, :reason)
on conflict (event) do nothing;

-- name: soft_bounces
-- How many messages to a reader came back since the last one that arrived, and since they last agreed to get any.
select count(distinct mailing_id) + sum(case when mailing_id is null then 1 else 0 end) from news
where subscriber_id = :subscriber and kind = 'soft_bounced'
and at > coalesce((select max(at) from news where subscriber_id = :subscriber and kind = 'delivered'), '')
and at > coalesce((select max(at) from history where subscriber_id = :subscriber and standing = 'active'), '');

-- name: agreed_at
-- When a reader last agreed to get the newsletter, if that was not at the very beginning.
select max(at) from history where subscriber_id = :subscriber and standing = 'active';

-- name: counts
-- How many readers of a mailing each kind of event is known of.
select kind, count(distinct subscriber_id) from news where mailing_id = :mailing group by kind;

-- name: of_reader
-- All that was told of a reader, oldest first, each with the issue that it is about.
select kind, at, slug, news.provider, original, reason from news
left join mailings on mailings.id = mailing_id
where subscriber_id = :subscriber order by at, event;

-- name: heard
-- What was told of a mailing's readers, given as a JSON array of their ids: whom, what, since when it is known, and why.
select subscriber_id, kind, heard_at, reason from news
where mailing_id = :mailing and kind in ('accepted', 'delivered', 'deferred', 'soft_bounced', 'bounced', 'complained',
    'left', 'opened', 'clicked', 'refused')
and subscriber_id in (select value from json_each(:ids));

-- name: in_doubt
-- The batches in doubt that came of one.
select number, origin, key, claimed_at, readers from batches
where mailing_id = :mailing and origin = :origin and state = 'in_doubt' order by number;

-- name: in_doubt_around
-- The batches in doubt that a reader can be in.
select number, origin, key, claimed_at, readers from batches
where mailing_id = :mailing and state = 'in_doubt' and first <= :subscriber and last >= :subscriber order by number;

-- name: beside
-- What is settled of the same request.
select number, readers, message_ids from batches
where mailing_id = :mailing and origin = :origin and key = :key and state = 'settled' order by number limit 1;

-- name: leave_in_doubt
-- Those of whom still nothing is known; of a batch that is empty, nothing is in doubt.
update batches set state = :state, count = :count, readers = :readers
where mailing_id = :mailing and number = :number and state = 'in_doubt';

-- name: settle_beside
-- More readers of a request are settled.
update batches set count = :count, readers = :readers, message_ids = :message_ids
where mailing_id = :mailing and number = :number;

-- name: settle_out_of
-- Some readers of a batch are settled, in a batch of their own with the same past.
insert into batches (mailing_id, number, origin, state, count, first, last, edition_id, attempts, claimed_at, claimant,
    key, digest, settled_at, readers, message_ids)
select mailing_id, (select max(number) + 1 from batches where mailing_id = :mailing), origin, 'settled', :count, first,
    last, edition_id, attempts, claimed_at, claimant, key, digest, :now, :readers, :message_ids
from batches where mailing_id = :mailing and number = :number;
