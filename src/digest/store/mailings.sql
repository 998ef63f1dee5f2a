-- Queries of mailings.py. A mailing is an issue on its way; rows of mailings are the columns of `Frozen`.

-- name: find
-- The mailing of a slug, with its latest edition.
select mailings.id, slug, provider, segment, batch_size, state, mailings.frozen_at, editions.id, fingerprint, allowed
from mailings join editions on editions.mailing_id = mailings.id
where slug = :slug order by editions.id desc limit 1;

-- name: all
-- All mailings, oldest first, each with its latest edition.
select mailings.id, slug, provider, segment, batch_size, state, mailings.frozen_at, editions.id, fingerprint, allowed
from mailings join editions on editions.mailing_id = mailings.id
where editions.id = (select max(id) from editions where mailing_id = mailings.id)
order by mailings.id;

-- name: unfinished
-- The mailings of which something is left to post, or was begun.
select distinct mailing_id from batches where state in ('queued', 'claimed');

-- name: doubtful
-- The mailings that have readers of whom nobody knows whether they got it.
select distinct mailing_id from batches where state = 'in_doubt';

-- name: keep
-- Begins a mailing.
insert into mailings (slug, provider, segment, batch_size, state, frozen_at)
values (:slug, :provider, :segment, :batch_size, 'open', :now)
on conflict (slug) do nothing;

-- name: keep_edition
-- Keeps what a mailing says from now on.
insert into editions (mailing_id, fingerprint, frozen_at, content, allowed)
select id, :fingerprint, :now, :content, :allowed from mailings where slug = :slug;

-- name: keep_image
-- Keeps an image of an edition.
insert into edition_images (edition_id, position, content) values (:edition, :position, :content);

-- name: content
-- What an edition says.
select content from editions where id = :edition;

-- name: images
-- The images of an edition, in order.
select content from edition_images where edition_id = :edition order by position;

-- name: turn
-- Pauses a mailing, opens it again, or ends it; one that is cancelled stays so.
update mailings set state = :state, held = '' where id = :mailing and state <> 'cancelled' and state <> :state;

-- name: hold
-- Pauses a mailing that goes on, and says why.
update mailings set state = 'paused', held = :reason where id = :mailing and state = 'open';

-- name: why_held
-- Why a mailing was paused that no person has paused.
select held from mailings where id = :mailing;
