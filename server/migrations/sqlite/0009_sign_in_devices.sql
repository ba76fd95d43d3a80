-- What a user is shown of a sign-in. The device is a short phrase such as `Firefox on Linux`; empty: not known, as for the
-- sign-ins of older versions.
ALTER TABLE sign_ins ADD COLUMN device TEXT NOT NULL DEFAULT '';

-- When the sign-in was last used, to the hour. Milliseconds since 1970-01-01 UTC.
ALTER TABLE sign_ins ADD COLUMN seen_at_ms INTEGER NOT NULL DEFAULT 0;

UPDATE sign_ins SET seen_at_ms = created_at_ms;
