-- Queries of subscribers.py and erasing.py. Rows of readers are: id, email, name, fields, tags, standing, token.

-- name: known
-- What is known of these addresses, given as a JSON array of keys.
select key, id, email, name, fields, tags, standing, consent from subscribers
where key in (select value from json_each(:keys));

-- name: add
-- A new reader.
insert into subscribers
    (key, email, name, fields, tags, standing, token, source, added_at, changed_at, consent)
values (:key, :email, :name, :fields, :tags, :standing, :token, :source, :joined, :now, :consent);

-- name: add_numbered
-- A new reader whose number follows from their address; nothing happens where it is another's.
insert into subscribers
    (id, key, email, name, fields, tags, standing, token, source, added_at, changed_at, consent)
values (:id, :key, :email, :name, :fields, :tags, :standing, :token, :source, :joined, :now, :consent)
on conflict (id) do nothing;

-- name: add_pause
-- A new reader comes in the middle of a pause, or after one.
insert into pauses (subscriber_id, since, until) select id, :since, :until from subscribers where key = :key;

-- name: update
-- What an import may change of a reader who is known.
update subscribers
set name = :name, fields = :fields, tags = :tags, standing = :standing, consent = :consent, changed_at = :now
where key = :key;

-- name: find
-- The reader of an address.
select id, email, name, fields, tags, standing, token from subscribers where key = :key;

-- name: find_id
-- The reader of an id.
select id, email, name, fields, tags, standing, token from subscribers where id = :id;

-- name: find_name
-- The reader of a name in public addresses.
select id, email, name, fields, tags, standing, token from subscribers where token = :name;

-- name: search
-- The first of those who may be written to and in whose address or name something stands.
select id, email, name, fields, tags, standing, token from subscribers
where standing = 'active' and (key like :pattern escape '!' or lower(name) like :pattern escape '!')
order by id limit :size;

-- name: count_found
-- How many they are.
select count(*) from subscribers
where standing = 'active' and (key like :pattern escape '!' or lower(name) like :pattern escape '!');

-- name: emails
-- The addresses of readers by their ids, given as a JSON array.
select id, email from subscribers where id in (select value from json_each(:ids));

-- name: standing_of_key
-- How the reader of an address stands.
select id, standing from subscribers where key = :who;

-- name: standing_of_id
-- How a reader stands.
select id, standing from subscribers where id = :who;

-- name: stand
-- From now on a reader stands otherwise.
update subscribers set standing = :standing, changed_at = :now where id = :id;

-- name: move
-- A reader is reached elsewhere.
update subscribers set key = :key, email = :email, changed_at = :now where id = :id;

-- name: retag
-- What a reader wants to get.
update subscribers set tags = :tags, changed_at = :now where id = :id;

-- name: agree
-- Who comes back has agreed anew.
update subscribers set consent = :consent where id = :id;

-- name: add_change
-- A change of a standing, which stays on record.
insert into history (subscriber_id, at, standing, before, reason) values (:id, :now, :standing, :before, :reason);

-- name: history
-- How a reader's standing changed.
select at, before, standing, reason from history where subscriber_id = :id order by id;

-- name: walk
-- The readers behind an id; a standing or a tag that is null leaves nobody out.
select id, email, name, fields, tags, standing, token from subscribers
where id > :after
and (:standing is null or standing = :standing)
and (:tag is null or exists (select 1 from json_each(tags) where value = :tag))
order by id limit :size;

-- name: record
-- The reader of an address, when they joined, and their consent.
select id, email, name, fields, tags, standing, token, added_at, consent, source,
    (select until from pauses where subscriber_id = subscribers.id)
from subscribers where key = :key;

-- name: records
-- The readers behind an id, when they joined, and their consent; a standing that is null leaves nobody out.
select id, email, name, fields, tags, standing, token, added_at, consent, source,
    (select until from pauses where subscriber_id = subscribers.id)
from subscribers
where id > :after and (:standing is null or standing = :standing)
order by id limit :size;

-- name: count
-- How many readers have which standing.
select standing, count(*) from subscribers group by standing;

-- name: seal_of_erased
-- Which secret erased addresses are hashed with: one for all of them.
select key_id from erased limit 1;

-- name: erased_among
-- Those of these hashes, given as a JSON array, whose addresses were erased.
select hash from erased where hash in (select value from json_each(:hashes));

-- name: add_erased
-- An address is erased; that it was so before changes nothing.
insert into erased (hash, key_id, at) values (:hash, :key_id, :now) on conflict (hash) do nothing;

-- name: forget_erased
-- Those of these hashes, given as a JSON array, whose owners want mail again.
delete from erased where hash in (select value from json_each(:hashes));

-- name: forget
-- The reader is gone, and with them their history.
delete from subscribers where id = :id;

-- name: forget_reasons
-- What became of an issue stays; the provider's words could hold the address.
update outcomes set reason = '' where subscriber_id = :id;

-- name: forget_news
-- What providers told of the reader, in their words.
delete from news where subscriber_id = :id;

-- name: forget_mentions
-- What providers said of whole batches, where it holds the address.
update batches set reason = replace(replace(reason, :email, '…'), :key, '…')
where reason <> replace(replace(reason, :email, ''), :key, '');

-- name: forget_sign_ups
-- That they once asked for the newsletter.
delete from sign_ups where key = :key;

-- name: asked_to_prove
-- The addresses that a reader was to prove theirs.
select email from proofs where subscriber_id = :id;

-- name: forget_proofs
-- What was mailed to the reader opens nothing any more.
delete from proofs where subscriber_id = :id;

-- name: forget_notices
-- What they were written, or were to be.
delete from notices where key = :key;
