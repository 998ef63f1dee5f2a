-- Queries of handovers.py; rows are the columns of `Handed`.

-- name: find
-- The hand-over of a slug.
select slug, provider, fingerprint, attempt, stage, campaign, url, begun_at, changed_at, allowed
from handovers where slug = :slug;

-- name: all
-- All hand-overs, oldest first.
select slug, provider, fingerprint, attempt, stage, campaign, url, begun_at, changed_at, allowed
from handovers order by begun_at, slug;

-- name: begin
-- Begins a hand-over, unless the slug is on its way already, this way or as messages of ours.
insert into handovers (slug, provider, fingerprint, attempt, stage, campaign, url, begun_at, changed_at)
select :slug, :provider, '', 1, 'begun', '', '', :now, :now
where not exists (select 1 from mailings where slug = :slug)
on conflict (slug) do nothing;

-- name: keep
-- Keeps how far a hand-over has come.
update handovers
set fingerprint = :fingerprint, attempt = :attempt, stage = :stage, campaign = :campaign, url = :url,
    changed_at = :now, allowed = :allowed
where slug = :slug;
