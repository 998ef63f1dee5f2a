-- The columns of SQLite's step 4; what they hold is told there.
alter table editions add column allowed text not null default '[]';
alter table handovers add column allowed text not null default '[]';
