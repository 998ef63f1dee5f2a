-- Where PostgreSQL differs from subscribers.sql.

-- name: known
-- What is known of these addresses, given as a JSON array of keys.
select key, id, email, name, fields, tags, standing, consent from subscribers
where key in (select value from json_array_elements_text(cast(:keys as json)) as value);

-- name: emails
-- The addresses of readers by their ids, given as a JSON array.
select id, email from subscribers
where id in (select cast(value as bigint) from json_array_elements_text(cast(:ids as json)) as value);

-- name: walk
-- The readers behind an id; a standing or a tag that is null leaves nobody out.
select id, email, name, fields, tags, standing, token from subscribers
where id > :after
and (cast(:standing as text) is null or standing = :standing)
and (cast(:tag as text) is null or cast(tags as jsonb) @> to_jsonb(cast(:tag as text)))
order by id limit :size;

-- name: records
-- The readers behind an id, when they joined, and their consent; a standing that is null leaves nobody out.
select id, email, name, fields, tags, standing, token, added_at, consent, source,
    (select until from pauses where subscriber_id = subscribers.id)
from subscribers
where id > :after and (cast(:standing as text) is null or standing = :standing)
order by id limit :size;

-- name: erased_among
-- Those of these hashes, given as a JSON array, whose addresses were erased.
select hash from erased where hash in (select value from json_array_elements_text(cast(:hashes as json)) as value);

-- name: forget_erased
-- Those of these hashes, given as a JSON array, whose owners want mail again.
delete from erased where hash in (select value from json_array_elements_text(cast(:hashes as json)) as value);
