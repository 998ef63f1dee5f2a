-- Issues that were handed over whole to a service that owns its list. A slug is handed over once.
create table handovers (
    slug text primary key,
    provider text not null,
    fingerprint text not null,  -- of the edition that was handed over last; empty while none was
    attempt integer not null,   -- how often a draft was begun, since one may be deleted over there
    stage text not null
        check (stage in ('begun', 'draft', 'publishing', 'scheduled', 'sending', 'sent', 'stopped')),
    campaign text not null,     -- the service's id; empty while it is not known
    url text not null,
    begun_at text not null,
    changed_at text not null
) without rowid;
