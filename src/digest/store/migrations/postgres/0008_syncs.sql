-- When the lists of those to whom a provider no longer writes were taken over, the last time that it came to its end.
create table syncs (
    provider text primary key,
    account text not null,      -- which lists these were, as a hash of the provider's settings
    at text not null,           -- when it began
    read bigint not null,       -- how many addresses stood there
    taken_off bigint not null   -- how many of them were written to so far
);
