-- Queries of columns.py: readers by columns, each as one text. Values stand apart by the sign of DEL (127), numbers and
-- JSON by a comma.

-- name: between
-- Those whom we may write to, between two ids: many times as fast as to look up each.
select group_concat(id), group_concat(email, char(127)), group_concat(name, char(127)),
    group_concat(token, char(127)), group_concat(fields)
from (select id, email, name, token, fields from subscribers
    where id between :first and :last and +standing = 'active' order by id);  -- by the ids, not by an index of standings

-- name: among
-- Those whom we may write to, among some ids, given as a JSON array.
select group_concat(id), group_concat(email, char(127)), group_concat(name, char(127)),
    group_concat(token, char(127)), group_concat(fields)
from (select id, email, name, token, fields from subscribers
    where id in (select value from json_each(:ids)) and standing = 'active' order by id);

-- name: whoever
-- Those among some ids, however they stand.
select group_concat(id), group_concat(email, char(127)), group_concat(name, char(127)),
    group_concat(token, char(127)), group_concat(fields)
from (select id, email, name, token, fields from subscribers
    where id in (select value from json_each(:ids)) order by id);

-- name: standings
-- How some readers stand.
select id, standing from subscribers where id in (select value from json_each(:ids));
