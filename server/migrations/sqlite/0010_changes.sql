-- Changes of messages. A room numbers them as it numbers its messages: densely, from 1 (`rev`).
ALTER TABLE rooms ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;

-- The number of the last change; 0: the message is as it was posted.
ALTER TABLE messages ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;

-- The number of the last edit; 0: the text is as it was posted.
ALTER TABLE messages ADD COLUMN text_rev INTEGER NOT NULL DEFAULT 0;

ALTER TABLE messages ADD COLUMN edited_at_ms INTEGER;

-- The text of a deleted message is empty.
ALTER TABLE messages ADD COLUMN deleted_at_ms INTEGER;

-- What a client missed. Plain messages are not in it.
CREATE INDEX messages_by_rev ON messages (room, rev) WHERE rev > 0;

CREATE TABLE changes (
    room   INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    rev    INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    -- 0: edit, 1: delete, 2: react, 3: unreact, 4: pin, 5: unpin.
    kind   INTEGER NOT NULL,
    -- Of a reaction: its kind.
    emoji  TEXT,
    author INTEGER NOT NULL REFERENCES people (key),
    draft  BLOB    NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (room, rev)
) STRICT, WITHOUT ROWID;

-- A draft that is sent again is the same change.
CREATE UNIQUE INDEX changes_by_draft ON changes (room, author, draft);

-- Earlier texts of edited messages. With rowids: a text may have 64 KiB.
CREATE TABLE message_versions (
    room  INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    -- The edit that made it; 0: it was posted so.
    rev   INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    body  TEXT    NOT NULL,
    PRIMARY KEY (room, seq, rev)
) STRICT;

CREATE TABLE reactions (
    room   INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    emoji  TEXT    NOT NULL,
    -- The change that set it, by which reactions are ordered: the first ones of a kind are one walk.
    rev    INTEGER NOT NULL,
    person INTEGER NOT NULL REFERENCES people (key),
    PRIMARY KEY (room, seq, emoji, rev)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX reactions_by_person ON reactions (room, seq, emoji, person);

CREATE TABLE pins (
    room   INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    person INTEGER NOT NULL REFERENCES people (key),
    -- The change that pinned it.
    rev    INTEGER NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
