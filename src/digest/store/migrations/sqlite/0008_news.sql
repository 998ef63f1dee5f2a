-- What was told later of messages, each event once. Before this step nothing had ever been written there.
drop table news;
create table news (
    event text primary key,  -- hash of who told it and of their own name for it, by which it is known when told again
    provider text not null,
    subscriber_id integer not null references subscribers (id) on delete cascade,
    mailing_id integer references mailings (id),  -- null where nobody said which
    kind text not null,
    at text not null,        -- when it happened, as it was told; never later than it was heard
    heard_at text not null,
    original text not null,  -- the provider's own word for it
    reason text not null     -- the provider's own explanation, without addresses
) without rowid;
create index news_by_mailing on news (mailing_id, kind, subscriber_id);
create index news_by_subscriber on news (subscriber_id, at);

-- Messages are told apart by the beginning of their edition's fingerprint.
create index editions_by_fingerprint on editions (substr(fingerprint, 1, 16));
