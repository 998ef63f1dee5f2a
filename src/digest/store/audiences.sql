-- Queries of audiences.py. Where `/* segment */` stands, the condition of a segment is put in.

-- name: ids
-- The ids, behind one of them, of those who may be written to.
select id from subscribers where standing = 'active' and id > :after /* segment */ order by id limit :size;

-- name: without_value
-- How many of those who may be written to lack a value of a field.
select count(*) from subscribers
where standing = 'active' /* segment */
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
