-- Somebody asked for the newsletter. What it means is decided later, so that the answer tells nobody who is on the list.
-- A row goes at its `forget_at`, with all that it holds; what a reader's consent needs of it has become the reader's.
create table sign_ups (
    id integer primary key autoincrement,
    key text not null,         -- as of subscribers
    email text not null,
    tags text not null,        -- a JSON array of text
    source text not null,      -- the form
    asked_at text not null,
    asked_from text not null,  -- an IP address
    network text not null,     -- that limits count by; blank where it tells nobody from another
    state text not null default 'new'
        check (state in ('new', 'asked', 'told', 'silent', 'confirmed')),
    decided_at text,
    forget_at text
);
create index sign_ups_by_decision on sign_ups (decided_at, id);
create index sign_ups_by_network on sign_ups (network, asked_at);
create index sign_ups_by_key on sign_ups (key);

-- Single mails that follow from what people do on the web. One is claimed before it leaves.
create table notices (
    id integer primary key autoincrement,
    kind text not null check (kind in ('confirm', 'already', 'move', 'own')),
    key text not null,  -- as of subscribers
    email text not null,
    facts text not null,  -- a JSON array of what its link carries: numbers and words, no address
    state text not null default 'queued' check (state in ('queued', 'claimed', 'sent', 'failed')),
    attempts integer not null default 0,
    put_at text not null,
    claimed_at text,
    reason text not null default ''
);
create index notices_by_state on notices (state, attempts, id);
create index notices_by_key on notices (key, kind, put_at);
