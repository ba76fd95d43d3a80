-- Times are milliseconds since 1970-01-01 UTC, UUIDs are 16 bytes. Texts that name things from outside are translated
-- to a small integer once (`key`), because every message and every membership repeats them.

CREATE TABLE people (
    key           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    -- NOCASE: `Alice` cannot be somebody else than `alice`.
    username      TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    email         TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    -- NULL: signs in elsewhere.
    password_hash TEXT,
    is_active     INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE rooms (
    key           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    -- 0: group.
    kind          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    -- The number of the newest message; 0 for none.
    head          INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    -- The time of the newest message or, without one, of the making: what lists are ordered by.
    active_at_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    -- Grows: who has the smaller one has been in the room longer.
    key          INTEGER PRIMARY KEY,
    room         INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    person       INTEGER NOT NULL REFERENCES people (key),
    -- 0: member, 1: owner.
    role         INTEGER NOT NULL,
    read_seq     INTEGER NOT NULL DEFAULT 0,
    joined_at_ms INTEGER NOT NULL,
    UNIQUE (room, person)
) STRICT;

-- The rooms of a person.
CREATE INDEX members_by_person ON members (person, room);

-- WITHOUT ROWID: the messages of a room lie together in the order of their numbers, so a page of history is one walk.
CREATE TABLE messages (
    room   INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    id     BLOB    NOT NULL,
    author INTEGER NOT NULL REFERENCES people (key),
    draft  BLOB    NOT NULL,
    at_ms  INTEGER NOT NULL,
    body   TEXT    NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

-- A draft that is sent again is the same message.
CREATE UNIQUE INDEX messages_by_draft ON messages (room, author, draft);
