-- Which rules of `digest check` somebody let pass when an edition was frozen, or handed over: a JSON array of text.
alter table editions add column allowed text not null default '[]';
alter table handovers add column allowed text not null default '[]';
