-- What the user of an account is to the application. 0: a user, 1: a part of the application, 2: an administrator.
ALTER TABLE people ADD COLUMN clearance INTEGER NOT NULL DEFAULT 0;

-- When a secret was replaced. Of those that an older version replaced it is not known: long ago.
ALTER TABLE spent_secrets ADD COLUMN spent_at_ms INTEGER NOT NULL DEFAULT 0;

-- Tokens that another backend signed and that were signed out here, by the name that we have for them.
CREATE TABLE ended_tokens (
    id            BLOB    NOT NULL PRIMARY KEY,
    -- When the token ends by itself.
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is swept out.
CREATE INDEX ended_tokens_by_end ON ended_tokens (expires_at_ms);

-- The newest change of each account that was ever changed. A running server keeps accounts in memory; here it reads of the
-- changes that another process made.
CREATE TABLE account_changes (
    person INTEGER PRIMARY KEY REFERENCES people (key),
    -- Grows.
    change INTEGER NOT NULL UNIQUE
) STRICT;

-- A trigger, so that no statement can forget it, also none that is typed by hand.
CREATE TRIGGER account_changed AFTER UPDATE OF username, email, password_hash, is_active, clearance ON people
BEGIN
    INSERT OR REPLACE INTO account_changes (person, change)
    VALUES (new.key, (SELECT COALESCE(MAX(change), 0) + 1 FROM account_changes));
END;
