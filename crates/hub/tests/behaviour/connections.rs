//! Connections: the hub counts the connections of each user, knows their sign-ins, and closes them.

use std::collections::HashSet;

use hub::{HubSettings, SignInId};
use protocol::CloseCode;
use uuid::Uuid;

use crate::world::{World, user};

#[tokio::test]
async fn connections_are_counted_by_user_and_closed_by_sign_in() {
    let world = World::new(HubSettings::default()).await;
    let (first, second, bob) = (world.connect("ann"), world.connect("ann"), world.connect("bob"));
    let [sign_in, renewed] = [1, 2].map(|number| SignInId(Uuid::from_u128(number)));
    second.session.renew(renewed);
    let counts = ["ann", "bob", "eve"].map(|name| world.hub.connections_of(&user(name)));
    assert_eq!(counts, [2, 1, 0]);
    assert_eq!(world.hub.sign_ins(), HashSet::from([sign_in, renewed]));
    assert_eq!(world.hub.sign_ins_of(&user("bob")), HashSet::from([sign_in]));

    world.hub.close_sign_in(&user("ann"), renewed, CloseCode::Token);
    let codes = || [&first, &second, &bob].map(|client| client.connection.outbox.close_code());
    assert_eq!(codes(), [None, Some(CloseCode::Token), None]);
    world.hub.close_user(&user("ann"), CloseCode::TooMany);
    assert_eq!(codes(), [Some(CloseCode::TooMany), Some(CloseCode::Token), None]);
}

#[tokio::test]
async fn a_notifier_closes_its_client_alone() {
    let world = World::new(HubSettings::default()).await;
    let (first, second) = (world.connect("ann"), world.connect("ann"));
    first.session.notifier().close(CloseCode::TooMany);
    let codes = [&first, &second].map(|client| client.connection.outbox.close_code());
    assert_eq!(codes, [Some(CloseCode::TooMany), None]);
}

#[tokio::test]
async fn the_end_of_the_last_connection_is_when_a_user_was_last_seen() {
    let world = World::new(HubSettings::default()).await;
    world.clock.set_ms(5_000);
    let (first, second) = (world.connect("ann"), world.connect("ann"));
    assert_eq!(world.hub.last_seen(&user("ann")), None, "still here");
    drop(first);
    world.clock.set_ms(7_000);
    drop(second);
    // A task ends the connections.
    while world.hub.connections_of(&user("ann")) > 0 || world.hub.last_seen(&user("ann")).is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.hub.last_seen(&user("ann")), Some(7_000));
    assert_eq!(world.hub.last_seen(&user("eve")), None);
}
