-- The pace of a provider's account, kept by all who post through it. Here it stays empty: each program keeps its own.
create table paces (
    provider text not null,
    account text not null,              -- which account, as a hash of the provider's settings
    due real not null,                  -- when the next request may leave, in seconds since 1970
    held real not null,                 -- until when the provider asks to be left alone
    primary key (provider, account)
) without rowid;

-- Why a mailing was paused that no person has paused; blank for all others.
alter table mailings add column held text not null default '';
