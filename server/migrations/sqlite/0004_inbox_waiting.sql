-- What an entry is and how many bytes it has, for those that wait: clients ask only for kinds that they understand, and what
-- waits for a user is bounded in bytes. Both are read from the item, so nothing has to be written for old entries.
ALTER TABLE inbox ADD COLUMN kind TEXT GENERATED ALWAYS AS (json_extract(item, '$.type')) VIRTUAL;

ALTER TABLE inbox ADD COLUMN bytes INTEGER GENERATED ALWAYS AS (octet_length(item)) VIRTUAL;

-- Both are in it, so that a sum looks at no item.
CREATE INDEX inbox_waiting_by_kind ON inbox (person, seq, kind, bytes) WHERE waits;

DROP INDEX inbox_waiting;
