-- Where PostgreSQL differs from ledger.sql.

-- name: next_queued
-- A batch that nobody else is claiming at this moment.
select number, origin, attempts, readers, (select max(id) from editions where mailing_id = :mailing) from batches
where mailing_id = :mailing and state = 'queued'
and exists (select 1 from mailings where id = :mailing and state = 'open')
order by number limit 1
for update of batches skip locked;

-- name: queued
-- This one batch, unless somebody else is claiming it at this moment.
select number, origin, attempts, readers, (select max(id) from editions where mailing_id = :mailing) from batches
where mailing_id = :mailing and number = :number and state = 'queued'
and exists (select 1 from mailings where id = :mailing and state = 'open')
for update of batches skip locked;

-- name: be_alone
-- Those who only refer to the mailing, as every batch does, need not wait.
select id from mailings where id = :mailing for no key update;
