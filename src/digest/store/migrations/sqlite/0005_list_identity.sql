-- What the list is called in public addresses; it moves along with the list, so that links in mail go on leading here.
create table identity (
    name text primary key
) without rowid;
insert into identity (name) values (lower(hex(randomblob(4))));

-- Readers are found by the names that they bear in public addresses.
create index subscribers_by_token on subscribers (token);
