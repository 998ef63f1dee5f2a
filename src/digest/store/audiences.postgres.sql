-- Where PostgreSQL differs from audiences.sql.

-- name: without_consent
-- The ids of those of whom nobody knows when or how they agreed, or to what.
select id from subscribers where standing = 'active' and id > :after
and coalesce(cast(consent as json) ->> 'at', cast(consent as json) ->> 'how', cast(consent as json) ->> 'words') is null
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
        else coalesce(cast(fields as json) ->> :field, '')
    end
) = '';

-- name: has_tag
-- Says whether anyone on the list has a tag.
select 1 from subscribers where cast(tags as jsonb) @> to_jsonb(cast(:tag as text)) limit 1;

-- name: tags
-- All tags on the list.
select distinct value from subscribers, json_array_elements_text(cast(tags as json)) as value order by value;
