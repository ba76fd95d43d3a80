//! Live rooms of chats, and what owners say of sessions.

use std::convert::Infallible;

use hub::model::RoomRecord;
use protocol::{LiveChange, RoomId, RoomKind};
use sqlx::query;
use sqlx::sqlite::SqliteConnection;

use super::rooms;
use super::rows::{json, kind_number};
use super::writer::{Change, Fault, Work};

/// See [`hub::port::Store::live_room`]. A room that has the identifier already is the answer, whatever its kind.
pub(super) struct Open {
    pub(super) room: RoomId,
    pub(super) chat: RoomId,
    pub(super) epoch: u32,
    pub(super) at_ms: i64,
}

impl Change for Open {
    type Done = Option<RoomRecord>;
    type Refusal = Infallible;
}

impl Work for Open {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<Option<RoomRecord>, Fault<Infallible>> {
        query(
            "INSERT INTO rooms (id, name, kind, epoch, created_at_ms, active_at_ms, chat)
             SELECT ?1, '', ?2, ?3, ?4, ?4, key FROM rooms WHERE id = ?5 AND chat IS NULL
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(self.room.as_str())
        .bind(kind_number(RoomKind::Live))
        .bind(self.epoch)
        .bind(self.at_ms)
        .bind(self.chat.as_str())
        .execute(&mut *connection)
        .await?;
        Ok(rooms::find(connection, &self.room).await?)
    }
}

/// See [`hub::port::Store::set_live`].
pub(super) struct Set(pub(super) LiveChange);

impl Change for Set {
    type Done = ();
    type Refusal = Infallible;
}

impl Work for Set {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<(), Fault<Infallible>> {
        query("UPDATE rooms SET live = ? WHERE id = ?")
            .bind(json(&self.0)?)
            .bind(self.0.room.as_str())
            .execute(connection)
            .await?;
        Ok(())
    }
}
