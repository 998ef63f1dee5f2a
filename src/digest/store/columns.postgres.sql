-- What columns.sql says, in PostgreSQL's words.

-- name: between
select string_agg(id::text, ',' order by id), string_agg(email, chr(127) order by id),
    string_agg(name, chr(127) order by id), string_agg(token, chr(127) order by id),
    string_agg(fields, ',' order by id)
from subscribers where id between :first and :last and standing = 'active';

-- name: among
select string_agg(id::text, ',' order by id), string_agg(email, chr(127) order by id),
    string_agg(name, chr(127) order by id), string_agg(token, chr(127) order by id),
    string_agg(fields, ',' order by id)
from subscribers
where id in (select value::bigint from json_array_elements_text(cast(:ids as json)) as value) and standing = 'active';

-- name: whoever
select string_agg(id::text, ',' order by id), string_agg(email, chr(127) order by id),
    string_agg(name, chr(127) order by id), string_agg(token, chr(127) order by id),
    string_agg(fields, ',' order by id)
from subscribers
where id in (select value::bigint from json_array_elements_text(cast(:ids as json)) as value);

-- name: standings
select id, standing from subscribers
where id in (select value::bigint from json_array_elements_text(cast(:ids as json)) as value);
