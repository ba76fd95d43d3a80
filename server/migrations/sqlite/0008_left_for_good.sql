-- Rooms that a user left for good: nobody puts the user into them again before that is taken back.
CREATE TABLE left_for_good (
    room   INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    person INTEGER NOT NULL REFERENCES people (key),
    PRIMARY KEY (room, person)
) STRICT, WITHOUT ROWID;

-- The sign-ins of a user, to end the one that was renewed longest ago when there are too many.
CREATE INDEX sign_ins_live_by_person ON sign_ins (person, expires_at_ms) WHERE NOT is_revoked;
