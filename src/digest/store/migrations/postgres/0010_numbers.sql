-- The table of SQLite's step 11, in PostgreSQL's words; what it holds is told there.
create table numbers (
    key_id text not null,
    number bigint not null,
    subscriber_id bigint not null references subscribers (id) on delete cascade,
    noted integer not null,
    primary key (key_id, number)
);
create index numbers_by_subscriber on numbers (subscriber_id, key_id, noted);
