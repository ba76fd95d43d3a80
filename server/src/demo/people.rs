//! Demo people and a short conversation, so that the first look at a development server is alive.

use std::collections::HashMap;
use std::sync::Arc;

use app::Demo;
use hub::model::User;
use hub::{HubError, NewRoom};
use protocol::{DraftId, RoomId, RoomKind, UserId};
use uuid::Uuid;

use crate::auth::accounts::{AccountError, NewAccount};
use crate::auth::{AuthError, AuthService, ClaimsRole};

/// The password of all demo people.
const PASSWORD: &str = "hubbub-demo";

const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

/// Which of them is an administrator.
const ADMIN: &str = "alice";

/// Id, name, who is in it (the first one made it), who says what.
type Room = (&'static str, &'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const ROOMS: [Room; 3] = [
    (
        "night-watch",
        "Night watch",
        &["bob", "carol"],
        &[
            ("bob", "All quiet. The graphs look like a calm sea."),
            ("carol", "Good. I take over at two."),
            ("bob", "There is soup in the fridge."),
        ],
    ),
    (
        "book-club",
        "Book club",
        &["carol", "alice"],
        &[("carol", "Chapter seven by Thursday?"), ("alice", "Make it eight, I could not stop reading.")],
    ),
    (
        "kitchen-table",
        "Kitchen table",
        &["alice", "bob", "carol"],
        &[
            ("alice", "Morning! Who is up for lunch at the river today?"),
            ("bob", "Me. Twelve thirty?"),
            ("carol", "I'm in. I bring the bread 🥖"),
            ("alice", "Perfect. Last one there does the dishes."),
            ("bob", "So that is me, as usual."),
        ],
    ),
];

/// Why the demo could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The accounts.
    #[error("the demo people could not be made")]
    People(#[from] AuthError),
    /// The rooms.
    #[error("the demo rooms could not be made")]
    Rooms(#[from] HubError),
}

impl From<AccountError> for DemoError {
    fn from(error: AccountError) -> Self {
        Self::People(error.into())
    }
}

/// Fills an empty database. Answers with the demo people where they exist, now or from an earlier start.
pub(crate) async fn fill(desk: &AuthService) -> Result<Option<Demo>, DemoError> {
    let users = PEOPLE.map(str::to_owned).to_vec();
    if desk.accounts().count().await? == 0 {
        let users = make_people(desk).await?;
        for room in ROOMS {
            make_room(desk, &users, room).await?;
        }
        tracing::info!("Filled the empty database with demo people and rooms");
    } else if desk.accounts().by_usernames(&users).await?.len() < users.len() {
        return Ok(None);
    }
    make_admin(desk).await?;
    Ok(Some(Demo { people: users, password: PASSWORD.to_owned() }))
}

async fn make_people(desk: &AuthService) -> Result<HashMap<&'static str, Arc<User>>, DemoError> {
    // One hash for all: everybody knows the password anyway, and the first start is quicker.
    let hash = desk.passwords().hash(PASSWORD).await?;
    let mut users = HashMap::new();
    for name in PEOPLE {
        let account = NewAccount {
            id: UserId::parse(&Uuid::now_v7().to_string()).map_err(AuthError::internal)?,
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password_hash: Some(hash.clone()),
            created_at_ms: desk.clock().now_ms(),
        };
        users.insert(name, Arc::new(desk.accounts().create(account).await?));
    }
    Ok(users)
}

/// Lets the demo administrator see what needs one; also in a database that an older version filled.
async fn make_admin(desk: &AuthService) -> Result<(), DemoError> {
    for user in desk.accounts().by_usernames(&[ADMIN.to_owned()]).await? {
        let account = desk.accounts().by_id(&user.id).await?;
        if account.is_some_and(|account| account.claims_role != ClaimsRole::Admin) {
            desk.accounts().set_claims_role(&user.id, ClaimsRole::Admin).await?;
        }
    }
    Ok(())
}

async fn make_room(
    desk: &AuthService,
    users: &HashMap<&'static str, Arc<User>>,
    (id, name, members, said): Room,
) -> Result<(), DemoError> {
    let id = RoomId::parse(id).map_err(HubError::from)?;
    let mut members = members.iter().filter_map(|name| users.get(name)).map(|user| user.id.clone());
    let Some(owner) = members.next() else {
        return Ok(());
    };
    let new = NewRoom {
        id: Some(id.clone()),
        name: name.to_owned(),
        kind: RoomKind::Group,
        members: members.collect(),
    };
    desk.hub().create_room(&owner, new).await?;
    for (name, text) in said {
        if let Some(author) = users.get(name) {
            desk.hub().post(author, &id, DraftId(Uuid::new_v4()), *text).await?;
        }
    }
    Ok(())
}
