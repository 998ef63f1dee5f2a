-- Queries of editions.py.

-- name: find
-- The edition of a slug, without its content.
select id, slug, fingerprint, provider, frozen_at from editions where slug = :slug;

-- name: keep
-- Keeps an edition.
insert into editions (slug, fingerprint, provider, frozen_at, content)
values (:slug, :fingerprint, :provider, :now, :content);

-- name: keep_image
-- Keeps an image of an edition.
insert into edition_images (edition_id, position, content) values (:edition, :position, :content);

-- name: content
-- What an edition says.
select content from editions where id = :edition;

-- name: images
-- The images of an edition, in order.
select content from edition_images where edition_id = :edition order by position;

-- name: slugs
-- All editions, and whether something of them is left to post or to wait for.
select slug, exists (select 1 from batches where edition_id = editions.id and state in ('queued', 'claimed'))
from editions order by id;
