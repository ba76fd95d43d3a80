//! Full limiter tables: clients that fill one cannot shut out a new address.

#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use common::{PASSWORD, SECRET};
use hub::memory::MemoryStore;
use hub::{Hub, HubSettings};
use protocol::rest::{Login, NewPassword, Register};
use reqwest::header::HeaderMap;
use server::auth::client_ip::ClientIp;
use server::auth::{AuthError, AuthService, AuthSettings, Device, Keys, Passwords, SignInSource};
use server::clock::SystemClock;
use server::config::{RateLimits, Secret};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;

/// More than are counted at a time.
const NETWORKS: u32 = 20_100;

fn from(number: u32) -> ClientIp {
    ClientIp(IpAddr::V4(Ipv4Addr::from(0xcb00_0000 + number)))
}

async fn sign_ins(folder: &TempDir, rates: &RateLimits) -> AuthService {
    let clock = Arc::new(SystemClock::default());
    AuthService::new(
        Arc::new(SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap()),
        Hub::new(Arc::new(MemoryStore::new()), clock.clone(), HubSettings::default()),
        clock,
        Keys::new(&Secret::new(SECRET).unwrap()).unwrap(),
        Passwords::new().await.unwrap(),
        AuthSettings { rates: *rates, ..AuthSettings::default() },
    )
}

#[tokio::test]
async fn a_full_table_of_login_attempts_refuses_no_new_address() {
    let folder = tempfile::tempdir().unwrap();
    let rates =
        RateLimits { logins_per_minute: Some(1), logins_per_minute_per_user: Some(1), ..RateLimits::OFF };
    let sign_ins = sign_ins(&folder, &rates).await;
    let register = async |name: &str, address: ClientIp| {
        let form = Register {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password: PASSWORD.to_owned(),
        };
        sign_ins.register(form, address, Device::default()).await.unwrap()
    };
    register("ann", from(NETWORKS)).await;
    let eve = register("eve", from(NETWORKS + 1)).await;
    let eve = sign_ins.by_token(&eve.access_token).await.unwrap();
    // A change of the password counts like a sign-in, for its address and then for its login. All try one login, so that no
    // more than a few passwords are looked at.
    let mut refused = 0;
    for number in 0..NETWORKS {
        let (current_password, new_password) = ("wrong horse battery".to_owned(), PASSWORD.to_owned());
        let form = NewPassword { current_password, new_password };
        let tried = sign_ins.change_password(&eve, form, from(number)).await;
        refused += u32::from(matches!(tried, Err(AuthError::TooFast { .. })));
    }
    assert!(refused > NETWORKS - 100, "{refused}");
    let form = Login { username: "ann".to_owned(), password: PASSWORD.to_owned() };
    let source = SignInSource::of(from(NETWORKS + 2), &HeaderMap::new(), "");
    sign_ins.login(form, &source, Device::default()).await.unwrap();
}
