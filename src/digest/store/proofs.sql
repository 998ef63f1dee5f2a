-- Queries of proofs.py.

-- name: latest
-- When a reader was last asked for a proof of a kind.
select max(asked_at) from proofs where subscriber_id = :subscriber and kind = :kind;

-- name: ask
-- A reader is to prove that an address is theirs.
insert into proofs (subscriber_id, kind, email, asked_at) values (:subscriber, :kind, :email, :now);

-- name: number
-- The number of what a reader was asked for last.
select max(id) from proofs where subscriber_id = :subscriber and kind = :kind;

-- name: find
-- What a link is about.
select subscriber_id, kind, email, asked_at from proofs where id = :id;

-- name: forget_old
-- Links that nobody has followed in time.
delete from proofs where asked_at < :before;
