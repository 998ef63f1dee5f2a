-- Readers who asked for no issues from one moment to another; one row a reader, the latest pause. One that is over
-- stays, since what was sent meanwhile is not sent to them later.
create table pauses (
    subscriber_id integer primary key references subscribers (id) on delete cascade,
    since text not null,
    until text not null
);

-- Addresses that a reader is to prove theirs, each by a link that was mailed there and holds the number of the row.
create table proofs (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscribers (id) on delete cascade,
    kind text not null check (kind in ('own', 'move')),  -- the address that the list has, or the one that it is to have
    email text not null,
    asked_at text not null
);
create index proofs_by_subscriber on proofs (subscriber_id, kind, asked_at);
