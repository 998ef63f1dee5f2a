-- Queries of paces.py, for PostgreSQL alone. The clock is read where it is used, and not when a transaction begins.

-- name: reserve
-- Takes the next place: in how many seconds it is, and until when the provider asks to be left alone.
insert into paces (provider, account, due, held)
values (:provider, :account, extract(epoch from clock_timestamp())::double precision + :lead + :interval, 0)
on conflict (provider, account) do update
set due = greatest(paces.due, paces.held, extract(epoch from clock_timestamp())::double precision + :lead) + :interval
returning due - :interval - extract(epoch from clock_timestamp())::double precision, held;

-- name: held
-- Until when the provider asks to be left alone, and in how many seconds that is.
select held, held - extract(epoch from clock_timestamp())::double precision from paces
where provider = :provider and account = :account;

-- name: hold
-- Nothing more leaves for so many seconds; who asks for less does not end what another was asked for.
insert into paces (provider, account, due, held)
values (:provider, :account, 0, extract(epoch from clock_timestamp())::double precision + :seconds)
on conflict (provider, account) do update set held = greatest(paces.held, excluded.held);

-- name: lag
-- In how many seconds a request may leave that asks for its place now.
select greatest(due, held) - extract(epoch from clock_timestamp())::double precision from paces
where provider = :provider and account = :account;
