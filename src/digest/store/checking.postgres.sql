-- Where PostgreSQL differs from checking.sql.

-- name: damage
-- It watches over its references itself, and says that a page is damaged when it reads it.
select 'references', 0;
