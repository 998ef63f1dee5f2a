-- The table and the indexes of SQLite's step 8, in PostgreSQL's words; what they hold is told there.
drop table news;
create table news (
    event text primary key,
    provider text not null,
    subscriber_id bigint not null references subscribers (id) on delete cascade,
    mailing_id bigint references mailings (id),
    kind text not null,
    at text collate "C" not null,
    heard_at text collate "C" not null,
    original text not null,
    reason text not null
);
create index news_by_mailing on news (mailing_id, kind, subscriber_id);
create index news_by_subscriber on news (subscriber_id, at);

create index editions_by_fingerprint on editions (substr(fingerprint, 1, 16));
