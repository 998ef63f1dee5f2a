-- Queries of subscribers.py. Rows of readers are: id, email, name, fields, tags, standing, token.

-- name: known
-- What is known of these addresses, given as a JSON array of keys.
select key, email, name, fields, tags, standing from subscribers where key in (select value from json_each(:keys));

-- name: add
-- A new reader.
insert into subscribers (key, email, name, fields, tags, standing, token, source, added_at, changed_at)
values (:key, :email, :name, :fields, :tags, :standing, :token, :source, :now, :now);

-- name: update
-- What an import may change of a reader who is known.
update subscribers set name = :name, fields = :fields, tags = :tags, changed_at = :now where key = :key;

-- name: find
-- The reader of an address.
select id, email, name, fields, tags, standing, token from subscribers where key = :key;

-- name: by_ids
-- Readers by their ids, given as a JSON array.
select id, email, name, fields, tags, standing, token from subscribers
where id in (select value from json_each(:ids)) order by id;

-- name: emails
-- The addresses of readers by their ids, given as a JSON array.
select id, email from subscribers where id in (select value from json_each(:ids));

-- name: leave
-- Whoever complained stays so: it says more, and keeps them away as well.
update subscribers set standing = 'left', changed_at = :now
where key = :key and standing in ('pending', 'active', 'bounced');

-- name: walk
-- The readers behind an id; a standing or a tag that is null leaves nobody out.
select id, email, name, fields, tags, standing, token from subscribers
where id > :after
and (:standing is null or standing = :standing)
and (:tag is null or exists (select 1 from json_each(tags) where value = :tag))
order by id limit :size;

-- name: active_ids
-- The ids, behind one of them, of those whom we may write to.
select id from subscribers where standing = 'active' and id > :after order by id limit :size;

-- name: count
-- How many readers have which standing.
select standing, count(*) from subscribers group by standing;

-- name: without_value
-- How many of those whom we may write to lack a value.
select count(*) from subscribers
where standing = 'active'
and trim(
    case :field
        when 'email' then email
        when 'name' then name
        when 'token' then token
        else coalesce((select value from json_each(fields) where key = :field), '')
    end
) = '';
