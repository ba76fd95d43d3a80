-- One row for one signed-in device.
CREATE TABLE sign_ins (
    id            BLOB    NOT NULL PRIMARY KEY,
    person        INTEGER NOT NULL REFERENCES people (key),
    -- 0: cookie, 1: tokens.
    kind          INTEGER NOT NULL,
    -- SHA-256: whoever reads this table cannot sign in with it.
    secret_hash   BLOB    NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    is_revoked    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What is swept out.
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at_ms);

-- Secrets that a refresh has replaced. One that comes back was stolen, or the new one was.
CREATE TABLE spent_secrets (
    hash    BLOB NOT NULL PRIMARY KEY,
    sign_in BLOB NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- For the cascade.
CREATE INDEX spent_secrets_by_sign_in ON spent_secrets (sign_in);
