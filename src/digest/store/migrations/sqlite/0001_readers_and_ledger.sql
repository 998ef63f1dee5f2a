-- Readers. `key` is the address without regard to case: two spellings of it are one reader.
-- A row outlives its reader's leaving, so that no import brings them back; autoincrement never gives an id twice.
create table subscribers (
    id integer primary key autoincrement,
    key text not null unique,
    email text not null,
    name text not null,
    fields text not null,  -- a JSON object of text, without blank values
    tags text not null,    -- a JSON array of text
    standing text not null  -- `in` builds a table every time that it is asked: 5 µs, as long as all else of an insert
        check (standing = 'active' or standing in ('pending', 'left', 'bounced', 'complained')),
    token text not null,
    source text not null,
    added_at text not null,
    changed_at text not null
);
create index subscribers_by_standing on subscribers (standing, id);

-- Editions, as they were frozen. A slug is sent once.
create table editions (
    id integer primary key autoincrement,
    slug text not null unique,
    fingerprint text not null,
    provider text not null,
    frozen_at text not null,
    content blob not null  -- zlib of JSON
);

create table edition_images (
    edition_id integer not null references editions (id),
    position integer not null,
    content blob not null,  -- zlib
    primary key (edition_id, position)
);

-- One row a batch. A reader of an edition is in the `readers` of exactly one batch, or has an outcome `skipped`.
-- `first` and `last` are the stretch of ids that the batch was cut from; one that is queued anew keeps its stretch.
-- The long columns come last, because SQLite reads a row only as far as it must.
create table batches (
    edition_id integer not null references editions (id),
    number integer not null,
    state text not null check (state in ('queued', 'claimed', 'settled', 'in_doubt')),
    count integer not null,
    first integer not null,
    last integer not null,
    claimed_at text,
    claimant text,
    key text,
    digest blob,  -- of everything that the payload is a function of
    settled_at text,
    reason text not null default '',
    readers blob not null,  -- ids, packed
    message_ids blob,       -- zlib of a JSON array, in the order of the readers
    primary key (edition_id, number)
);
create index batches_by_state on batches (edition_id, state, number);
create index batches_by_stretch on batches (edition_id, first);

-- One row a reader, only where something else happened than what the batch's state says.
create table outcomes (
    edition_id integer not null references editions (id),
    subscriber_id integer not null,
    state text not null check (state in ('refused', 'skipped', 'in_doubt')),
    reason text not null,
    at text not null,
    primary key (edition_id, subscriber_id)
) without rowid;
