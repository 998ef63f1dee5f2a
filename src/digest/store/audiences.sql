-- Queries of audiences.py. Where `/* segment */` stands, the condition of a segment is put in.

-- name: ids
-- The ids, behind one of them, of those who may be written to.
select id from subscribers where standing = 'active' and id > :after /* segment */ order by id limit :size;

-- name: without_consent
-- The ids of those of whom nobody knows when or how they agreed, or to what.
select id from subscribers where standing = 'active' and id > :after
and coalesce(json_extract(consent, '$.at'), json_extract(consent, '$.how'), json_extract(consent, '$.words')) is null
/* segment */ order by id limit :size;

-- name: without_own_token
-- The ids of those whose token is too short to be unguessable, or another reader's as well.
select id from subscribers where standing = 'active' and id > :after
and (length(token) < 16 or token in (select token from subscribers group by token having count(*) > 1))
/* segment */ order by id limit :size;

-- name: without_value
-- How many of those who may be written to lack a value of a field.
select count(*) from subscribers
where standing = 'active' /* segment */
and not exists (select 1 from pauses where subscriber_id = subscribers.id and since <= :moment and until > :moment)
and trim(
    case :field
        when 'email' then email
        when 'name' then name
        else coalesce((select value from json_each(fields) where key = :field), '')
    end
) = '';

-- name: has_tag
-- Says whether anyone on the list has a tag.
select 1 from subscribers where exists (select 1 from json_each(tags) where value = :tag) limit 1;

-- name: tags
-- All tags on the list.
select distinct value from subscribers, json_each(tags) order by value;
