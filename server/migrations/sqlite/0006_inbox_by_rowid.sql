-- An inbox with rowids. An entry may have 64 KiB, and without rowids the entries are the keys of their own tree: each search
-- reads several of them whole, and no index covers what is computed from them, so that a sum of what waits reads all of it.
CREATE TABLE inbox_by_rowid (
    person INTEGER NOT NULL REFERENCES people (key),
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    -- For a client that can be told.
    waits  INTEGER NOT NULL,
    -- JSON.
    item   TEXT    NOT NULL,
    kind   TEXT    GENERATED ALWAYS AS (json_extract(item, '$.type')) VIRTUAL,
    bytes  INTEGER GENERATED ALWAYS AS (octet_length(item)) VIRTUAL,
    PRIMARY KEY (person, seq)
) STRICT;

INSERT INTO inbox_by_rowid (person, seq, at_ms, waits, item) SELECT person, seq, at_ms, waits, item FROM inbox;

DROP TABLE inbox;

ALTER TABLE inbox_by_rowid RENAME TO inbox;

CREATE INDEX inbox_waiting_by_kind ON inbox (person, seq, kind, bytes) WHERE waits;
