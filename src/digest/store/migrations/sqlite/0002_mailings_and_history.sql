-- What began as "editions" becomes mailings: an issue on its way, with one edition, or several where it was amended.
alter table editions rename to old_editions;
alter table edition_images rename to old_edition_images;
alter table batches rename to old_batches;
alter table outcomes rename to old_outcomes;
drop index batches_by_state;
drop index batches_by_stretch;

-- An issue on its way to its readers. A slug is sent once.
create table mailings (
    id integer primary key autoincrement,
    slug text not null unique,
    provider text not null,
    segment text not null,  -- the expression that chose the readers; empty for everyone
    batch_size integer not null,
    state text not null check (state in ('open', 'paused', 'cancelled')),
    frozen_at text not null
);

-- What a mailing says; the latest is sent to those who are still queued.
create table editions (
    id integer primary key autoincrement,
    mailing_id integer not null references mailings (id),
    fingerprint text not null,
    frozen_at text not null,
    content blob not null  -- zlib of JSON
);
create index editions_by_mailing on editions (mailing_id, id);

create table edition_images (
    edition_id integer not null references editions (id),
    position integer not null,
    content blob not null,  -- zlib
    primary key (edition_id, position)
);

-- One row a batch. A reader of a mailing is in the `readers` of exactly one batch, or has an outcome `skipped`.
-- Readers who are to be written to again, or whose fate alone is unknown, move to a batch of their own; its `origin`
-- stays the batch that they were first cut into, and so do `first` and `last`, the ids between which that one lies.
-- Each claim is another attempt, and so has another key. The long columns come last, because SQLite reads a row only as far as it must.
create table batches (
    mailing_id integer not null references mailings (id),
    number integer not null,
    origin integer not null,
    state text not null check (state in ('queued', 'claimed', 'settled', 'in_doubt', 'skipped')),
    count integer not null,
    first integer not null,
    last integer not null,
    edition_id integer references editions (id),  -- which they were written, or are about to be
    attempts integer not null default 0,
    claimed_at text,
    claimant text,
    key text,
    digest blob,  -- of everything that the payload is a function of
    settled_at text,
    reason text not null default '',
    readers blob not null,  -- ids, packed
    message_ids blob,       -- zlib of a JSON array, in the order of the readers
    primary key (mailing_id, number)
);
create index batches_by_state on batches (mailing_id, state, number);
create index batches_by_origin on batches (mailing_id, origin);

-- One row a reader, only where something else happened than what the batch's state says.
create table outcomes (
    mailing_id integer not null references mailings (id),
    subscriber_id integer not null,
    origin integer not null,
    state text not null check (state in ('refused', 'skipped')),
    reason text not null,
    at text not null,
    primary key (mailing_id, subscriber_id)
) without rowid;

-- What providers tell later: it stands beside a delivery and never changes it.
create table news (
    mailing_id integer not null references mailings (id),
    subscriber_id integer not null,
    kind text not null,
    at text not null,
    original text not null
);
create index news_by_mailing on news (mailing_id, kind, subscriber_id);

insert into mailings (id, slug, provider, segment, batch_size, state, frozen_at)
select id, slug, provider, '', 500, 'open', frozen_at from old_editions;
insert into editions (id, mailing_id, fingerprint, frozen_at, content)
select id, id, fingerprint, frozen_at, content from old_editions;
insert into edition_images (edition_id, position, content)
select edition_id, position, content from old_edition_images;
insert into batches (mailing_id, number, origin, state, count, first, last, edition_id, claimed_at, claimant, key,
    digest, settled_at, reason, readers, message_ids)
select edition_id, number,
    (select min(number) from old_batches as origins
        where origins.edition_id = old_batches.edition_id and origins.first = old_batches.first),
    state, count, first, last, case when key is null then null else edition_id end, claimed_at,
    claimant, key, digest, settled_at, reason, readers, message_ids
from old_batches;
insert into outcomes (mailing_id, subscriber_id, origin, state, reason, at)
select edition_id, subscriber_id,
    (select min(number) from old_batches
        where old_batches.edition_id = old_outcomes.edition_id and subscriber_id between first and last),
    case state when 'in_doubt' then 'skipped' else state end,  -- so that nothing writes to them again
    case state when 'in_doubt' then 'in doubt: ' || reason else reason end, at
from old_outcomes;

drop table old_outcomes;
drop table old_batches;
drop table old_edition_images;
drop table old_editions;

-- Why we may write to a reader: a JSON object of `at`, `how`, `source` and `words`; what is not known is not in it.
alter table subscribers add column consent text not null default '{}';

-- Every change of a standing, from the second on; the first is that of `before`, or still holds.
create table history (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscribers (id) on delete cascade,
    at text not null,
    standing text not null,
    before text not null,
    reason text not null
);
create index history_by_subscriber on history (subscriber_id, id, before);

-- Addresses that were erased at their owners' wish, as keyed hashes: an import can recognise them, and nobody read them.
create table erased (
    hash text primary key,    -- HMAC-SHA256 of the key of the address, in hexadecimal
    key_id text not null,     -- which secret it was made with, told without telling the secret
    at text not null
) without rowid;
