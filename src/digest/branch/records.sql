-- Queries of records.py, all in SQLite's words: a working store is never anything else.
-- Batches and outcomes are kept in shards of 32 batches, so that a window changes a file or two.

-- name: watch
-- Notes from here on which parts of the ledger are changed.
create temp table touched (kind text, mailing integer, part, primary key (kind, mailing, part)) without rowid;
create temp trigger mailing_added after insert on mailings begin
    insert into touched values ('mailing', new.id, 0), ('course', new.id, 0) on conflict do nothing;
end;
create temp trigger mailing_turned after update on mailings begin
    insert into touched values ('course', new.id, 0) on conflict do nothing;
end;
create temp trigger edition_added after insert on editions begin
    insert into touched values ('mailing', new.mailing_id, 0), ('edition', new.mailing_id, new.id) on conflict do nothing;
end;
create temp trigger batch_added after insert on batches begin
    insert into touched values ('batches', new.mailing_id, (new.number - 1) / 32),
        ('readers', new.mailing_id, (new.number - 1) / 32) on conflict do nothing;
end;
create temp trigger batch_changed after update on batches begin
    insert into touched values ('batches', new.mailing_id, (new.number - 1) / 32) on conflict do nothing;
end;
create temp trigger readers_changed after update of readers on batches when new.readers <> old.readers begin
    insert into touched values ('readers', new.mailing_id, (new.number - 1) / 32) on conflict do nothing;
end;
create temp trigger outcome_added after insert on outcomes begin
    insert into touched values ('outcomes', new.mailing_id, (new.origin - 1) / 32) on conflict do nothing;
end;
create temp trigger outcome_removed after delete on outcomes begin
    insert into touched values ('outcomes', old.mailing_id, (old.origin - 1) / 32) on conflict do nothing;
end;
create temp trigger handover_added after insert on handovers begin
    insert into touched values ('handover', 0, new.slug) on conflict do nothing;
end;
create temp trigger handover_changed after update on handovers begin
    insert into touched values ('handover', 0, new.slug) on conflict do nothing;
end;

-- name: touched
-- The parts that were changed.
select kind, mailing, part from touched order by kind, mailing, part;

-- name: forget_touched
-- The parts that were changed are taken note of.
delete from touched;

-- name: mailing
-- The facts of a mailing.
select slug, provider, segment, batch_size, frozen_at from mailings where id = :mailing;

-- name: editions
-- What a mailing says, the latest last.
select id, fingerprint, frozen_at, allowed from editions where mailing_id = :mailing order by id;

-- name: course
-- Whether a mailing goes on.
select state from mailings where id = :mailing;

-- name: batches
-- The batches of a shard, without their readers; editions are counted from 1 within their mailing.
select number, origin, state, count, first, last,
    (select count(*) from editions where mailing_id = batches.mailing_id and id <= batches.edition_id),
    attempts, claimed_at, claimant, key, lower(hex(digest)), settled_at, reason
from batches where mailing_id = :mailing and number > :part * 32 and number <= :part * 32 + 32 order by number;

-- name: readers
-- Who is in the batches of a shard.
select number, readers from batches
where mailing_id = :mailing and number > :part * 32 and number <= :part * 32 + 32 order by number;

-- name: outcomes
-- What else happened to readers of the batches of a shard.
select subscriber_id, origin, state, reason, at from outcomes
where mailing_id = :mailing and origin > :part * 32 and origin <= :part * 32 + 32 order by subscriber_id;

-- name: put_mailing
-- Brings a mailing back.
insert into mailings (id, slug, provider, segment, batch_size, state, frozen_at)
values (:id, :slug, :provider, :segment, :batch_size, :state, :frozen_at);

-- name: put_edition
-- Brings an edition back.
insert into editions (id, mailing_id, fingerprint, frozen_at, content, allowed)
values (:id, :mailing, :fingerprint, :frozen_at, :content, :allowed);

-- name: put_image
-- Brings an image back.
insert into edition_images (edition_id, position, content) values (:edition, :position, :content);

-- name: put_batch
-- Brings a batch back.
insert into batches (mailing_id, number, origin, state, count, first, last, edition_id, attempts, claimed_at, claimant,
    key, digest, settled_at, reason, readers)
values (:mailing, :number, :origin, :state, :count, :first, :last, :edition, :attempts, :claimed_at, :claimant,
    :key, :digest, :settled_at, :reason, :readers);

-- name: put_outcome
-- Brings an outcome back.
insert into outcomes (mailing_id, subscriber_id, origin, state, reason, at)
values (:mailing, :subscriber_id, :origin, :state, :reason, :at);

-- name: put_handover
-- Brings a hand-over back.
insert into handovers (slug, provider, fingerprint, attempt, stage, campaign, url, begun_at, changed_at, allowed)
values (:slug, :provider, :fingerprint, :attempt, :stage, :campaign, :url, :begun_at, :changed_at, :allowed);

-- name: handover
-- A hand-over.
select slug, provider, fingerprint, attempt, stage, campaign, url, begun_at, changed_at, allowed
from handovers where slug = :part;
