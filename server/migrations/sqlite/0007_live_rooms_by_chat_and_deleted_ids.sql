-- A chat has one live room, which is found by its chat and not by its id.
DROP INDEX rooms_by_chat;

CREATE UNIQUE INDEX rooms_by_chat ON rooms (chat) WHERE chat IS NOT NULL;

-- The ids of rooms that were deleted. Links, bookmarks and clients keep them, so none is given to another room.
CREATE TABLE deleted_rooms (
    id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- A trigger, so that no statement can forget it. Ids that begin with `session_` are reserved: a live room goes with its chat,
-- whose id is kept, and a room of another kind that has such an id stands in the way of a live room until it is deleted.
CREATE TRIGGER room_deleted AFTER DELETE ON rooms WHEN substr(old.id, 1, 8) <> 'session_'
BEGIN
    INSERT OR IGNORE INTO deleted_rooms (id) VALUES (old.id);
END;
