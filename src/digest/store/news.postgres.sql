-- Where PostgreSQL differs from news.sql.

-- name: heard
-- What was told of a mailing's readers, given as a JSON array of their ids: whom, what, since when it is known, and why.
select subscriber_id, kind, heard_at, reason from news
where mailing_id = :mailing and kind in ('accepted', 'delivered', 'deferred', 'soft_bounced', 'bounced', 'complained',
    'left', 'opened', 'clicked', 'refused')
and subscriber_id in (select cast(value as bigint) from json_array_elements_text(cast(:ids as json)) as value);
