-- The message of the same room that this one answers. Not a foreign key: whoever writes it has looked, and the check
-- would cost every message a look-up.
ALTER TABLE messages ADD COLUMN parent BLOB;

-- NULL: plain text, which nearly all messages are.
ALTER TABLE messages ADD COLUMN kind TEXT;

-- Where a message is that somebody names, such as the parent of an answer.
CREATE UNIQUE INDEX messages_by_id ON messages (id);

-- Kind 1 is a live room. Name and members are those of its chat; it has none of its own.
ALTER TABLE rooms ADD COLUMN chat INTEGER REFERENCES rooms (key) ON DELETE CASCADE;

-- What an owner last said of the session, as JSON. NULL: nothing yet.
ALTER TABLE rooms ADD COLUMN live TEXT;

-- The live rooms of one's chats, and the cascade.
CREATE INDEX rooms_by_chat ON rooms (chat) WHERE chat IS NOT NULL;

-- Kept apart from what is in an inbox, so that no number is given twice when old entries are let go.
CREATE TABLE inboxes (
    person INTEGER PRIMARY KEY REFERENCES people (key),
    -- The number of the newest entry ever put there.
    head   INTEGER NOT NULL
) STRICT;

-- WITHOUT ROWID: as for messages, what somebody missed is one walk.
CREATE TABLE inbox (
    person INTEGER NOT NULL REFERENCES people (key),
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    -- For a client that can be told.
    waits  INTEGER NOT NULL,
    -- JSON.
    item   TEXT    NOT NULL,
    PRIMARY KEY (person, seq)
) STRICT, WITHOUT ROWID;

-- Few wait, and few look for them: who comes back.
CREATE INDEX inbox_waiting ON inbox (person, seq) WHERE waits;

-- Listed for longer than the inbox keeps what told of them: an inbox fills with other things as well.
CREATE TABLE notifications (
    key     INTEGER PRIMARY KEY,
    -- UUIDs of version 7, here and of jobs: they sort by time.
    id      BLOB    NOT NULL,
    person  INTEGER NOT NULL REFERENCES people (key),
    kind    TEXT    NOT NULL,
    title   TEXT    NOT NULL,
    message TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL,
    is_read INTEGER NOT NULL,
    UNIQUE (person, id)
) STRICT;

-- How many are unread. `is_read` is in it so that they are counted without a look at the table.
CREATE INDEX notifications_unread ON notifications (person, is_read) WHERE NOT is_read;

CREATE TABLE jobs (
    key        INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,
    -- Who waits for it.
    person     INTEGER NOT NULL REFERENCES people (key),
    is_running INTEGER NOT NULL,
    -- All of it, as JSON: its other parts are never asked for by themselves.
    job        TEXT    NOT NULL
) STRICT;

CREATE INDEX jobs_by_person ON jobs (person, id);

CREATE INDEX jobs_running ON jobs (person, id) WHERE is_running;
