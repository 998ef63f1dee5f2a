-- Queries of syncs.py.

-- name: last
-- The last sync with a provider, if it was with this account.
select provider, account, at, read, taken_off from syncs where provider = :provider and account = :account;

-- name: keep
-- Writes a sync down; one that began before another, and ended behind it, changes nothing.
insert into syncs (provider, account, at, read, taken_off) values (:provider, :account, :at, :read, :taken_off)
on conflict (provider) do update
set account = excluded.account, at = excluded.at, read = excluded.read, taken_off = excluded.taken_off
where excluded.at > syncs.at;
