-- What the list is called in public addresses; it moves along with the list, so that links in mail go on leading here.
create table identity (
    name text primary key
);
insert into identity (name) values (substr(md5(random()::text || clock_timestamp()::text), 1, 8));

-- Readers are found by the names that they bear in public addresses.
create index subscribers_by_token on subscribers (token);
