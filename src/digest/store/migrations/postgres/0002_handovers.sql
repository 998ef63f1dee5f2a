-- The table of SQLite's step 3, in PostgreSQL's words; what it holds is told there.
create table handovers (
    slug text primary key,
    provider text not null,
    fingerprint text not null,
    attempt integer not null,
    stage text not null
        check (stage in ('begun', 'draft', 'publishing', 'scheduled', 'sending', 'sent', 'stopped')),
    campaign text not null,
    url text not null,
    begun_at text collate "C" not null,
    changed_at text collate "C" not null
);
