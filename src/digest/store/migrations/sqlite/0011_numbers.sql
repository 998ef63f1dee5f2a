-- Numbers that follow from readers' addresses, by which machines that have no store of their own call them in links.
create table numbers (
    key_id text not null,     -- which secret they were made with, told without telling the secret
    number integer not null,  -- 62 bits of HMAC-SHA256 of the key of the address
    subscriber_id integer not null references subscribers (id) on delete cascade,
    noted integer not null,   -- 0 where the reader was numbered in their turn, by rising id; 1 where they have moved
    primary key (key_id, number)
) without rowid;
create index numbers_by_subscriber on numbers (subscriber_id, key_id, noted);
