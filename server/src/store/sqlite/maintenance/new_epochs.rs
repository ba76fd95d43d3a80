//! New epochs for a restored copy, because a restore goes back in time: numbers that were given after the copy was made are
//! given again, for other messages and entries, and a client that remembers them must not take them for the same.

use sqlx::query;
use sqlx::sqlite::SqliteConnection;

/// Inboxes move forward by at least this: more entries than a user will ever get.
pub(super) const LEAST_JUMP: u64 = 1 << 32;

/// Gives every room another epoch, moves every inbox to numbers that no client has seen, and ends all sign-ins.
pub(super) async fn start_new_epochs(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // Another one for certain, and one that no other room has but by chance, as at its making.
    query("UPDATE rooms SET epoch = (epoch + 1 + abs(random() % 4294967295)) % 4294967296")
        .execute(&mut *connection)
        .await?;
    move_inboxes(connection).await?;
    // One that was ended since then would be good again, and a refresh token that was stolen and spent, too.
    query("UPDATE sign_ins SET is_revoked = 1").execute(connection).await?;
    Ok(())
}

/// A client's position in its inbox is a bare number, so all numbers up to any that was given since the copy have to lie
/// behind. By chance as well, because the same copy may be restored twice. The entries move along: the newest one keeps
/// the number of the head. A user without entries may have got some since the copy, too.
async fn move_inboxes(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // 2^32 to 2^44: three hundred restores stay below 2^53, up to which JavaScript is exact.
    let jump = i64::from(rand::random_range(1u32..4096)) << 32 | i64::from(rand::random::<u32>());
    query("INSERT INTO inboxes (person, head) SELECT key, 0 FROM people WHERE true ON CONFLICT DO NOTHING")
        .execute(&mut *connection)
        .await?;
    for statement in ["UPDATE inboxes SET head = head + ?", "UPDATE inbox SET seq = seq + ?"] {
        query(statement).bind(jump).execute(&mut *connection).await?;
    }
    Ok(())
}
