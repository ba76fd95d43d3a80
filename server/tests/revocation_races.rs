//! Revocation races: a right that ends between its check and its use is not used.

#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

mod common;
mod socket;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{App, FAR_AWAY, PASSWORD, SECRET, mint};
use futures_util::FutureExt as _;
use hub::memory::MemoryStore;
use hub::model::User;
use hub::store::Clock;
use hub::{ClientSession, Encoder, Hub, HubSettings, Identity, Outbox, OutboxReceiver, SignInId, outbox};
use protocol::rest::{Login, NewPassword, Register, Tokens};
use protocol::{ClientFrame, CloseCode, UserId};
use reqwest::header::HeaderMap;
use serde_json::json;
use server::auth::accounts::Accounts;
use server::auth::client_ip::ClientIp;
use server::auth::{AuthError, AuthService, AuthSettings, AuthUser, Device, Keys, Passwords, SignInSource};
use server::clock::SystemClock;
use server::config::{AccountsMode, RateLimits, Secret};
use server::store::sqlite::SqliteStore;
use socket::{End, Socket};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::timeout;
use uuid::Uuid;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

const ADDRESS: ClientIp = ClientIp(IpAddr::V4(Ipv4Addr::LOCALHOST));

/// A clock that blocks its caller at one chosen call.
#[derive(Default)]
struct HoldingClock {
    right: SystemClock,
    questions: AtomicU32,
    hold: Mutex<Option<Hold>>,
}

struct Hold {
    /// Calls until the blocked one.
    questions: u32,
    asked: Sender<()>,
    go_on: Receiver<()>,
}

impl HoldingClock {
    /// Blocks the call of this number. Returns the receiver that learns of it, and the sender that releases it.
    fn hold(&self, questions: u32) -> (Receiver<()>, Sender<()>) {
        let ((asked, was_asked), (closed, go_on)) = (channel(), channel());
        *self.hold.lock().unwrap() = Some(Hold { questions, asked, go_on });
        (was_asked, closed)
    }
}

impl Clock for HoldingClock {
    fn now_ms(&self) -> i64 {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let mut kept = self.hold.lock().unwrap();
        let held = match &mut *kept {
            Some(it) if it.questions > 1 => {
                it.questions -= 1;
                None
            }
            _ => kept.take(),
        };
        drop(kept);
        if let Some(Hold { asked, go_on, .. }) = held {
            // All else of the server goes on.
            tokio::task::block_in_place(|| {
                asked.send(()).unwrap();
                go_on.recv().unwrap();
            });
        }
        self.right.now_ms()
    }

    fn monotonic_ms(&self) -> i64 {
        self.right.monotonic_ms()
    }
}

/// Where tokens of another backend are taken.
async fn sign_ins(folder: &TempDir, clock: Arc<dyn Clock>) -> AuthService {
    let (accounts, hub) = (accounts(folder).await, hub(clock.clone()));
    let settings = AuthSettings { mode: AccountsMode::External, ..AuthSettings::default() };
    service(accounts, hub, clock, settings).await
}

async fn accounts(folder: &TempDir) -> Arc<dyn Accounts> {
    Arc::new(SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap())
}

fn hub(clock: Arc<dyn Clock>) -> Hub {
    Hub::new(Arc::new(MemoryStore::new()), clock, HubSettings::default())
}

async fn service(
    accounts: Arc<dyn Accounts>,
    hub: Hub,
    clock: Arc<dyn Clock>,
    settings: AuthSettings,
) -> AuthService {
    let keys = Keys::new(&Secret::new(SECRET).unwrap()).unwrap();
    AuthService::new(accounts, hub, clock, keys, Passwords::new().await.unwrap(), settings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_ended_during_a_renewal_closes_the_socket() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let token = mint(&json!({ "sub": "ann", "exp": FAR_AWAY }));
    // The sign-in of a token is the same everywhere.
    let caller = sign_ins(&elsewhere, Arc::new(SystemClock::default())).await.by_token(&token).await.unwrap();
    let clock = Arc::new(HoldingClock::default());
    let sign_ins = Arc::new(sign_ins(&folder, clock.clone()).await);
    let (outbox, _receiver) = outbox(1024);
    let identity = Identity { user: caller.user.clone(), sign_in: SignInId(Uuid::from_u128(1)) };
    let peer = sign_ins.hub().attach(identity, Encoder::new(0, |_| None), Arc::new(outbox.clone())).unwrap();

    // Asked for the token's end, for that of its sign-in, and for when the account is made: then the sign-in was looked at.
    let (was_asked, closed) = clock.hold(3);
    let renewal = tokio::spawn({
        let sign_ins = sign_ins.clone();
        async move {
            let renewed = sign_ins.renew(&peer, &token).await;
            (renewed.is_ok(), peer)
        }
    });
    tokio::task::spawn_blocking(move || was_asked.recv().unwrap()).await.unwrap();
    sign_ins.logout(&caller).await.unwrap();
    closed.send(()).unwrap();

    let (is_renewed, _peer) = renewal.await.unwrap();
    assert!(!is_renewed);
    assert_eq!(outbox.close_code(), Some(CloseCode::Token));
    assert!(sign_ins.accounts().by_id(&caller.user.id).await.unwrap().is_some(), "it ended later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_sign_in_ended_while_its_handshake_waits_is_not_admitted() {
    let clock = Arc::new(HoldingClock::default());
    let app = App::spawn_at(clock.clone(), |config| config.limits.max_concurrent_handshakes = 1).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    assert!(app.get("/api/v1/auth/me", &ann).await.status.is_success());
    let mut socket = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
    // Bob has the only turn and is held up in it.
    let (was_asked, closed) = clock.hold(1);
    let url = app.socket_url(&format!("?token={}", bob.access_token));
    let held = tokio::spawn(async move { Socket::try_connect(&url, &[]).await.is_ok() });
    tokio::task::spawn_blocking(move || was_asked.recv().unwrap()).await.unwrap();
    let asked = clock.questions.load(Ordering::SeqCst);
    socket.say(&ClientFrame::Authenticate { token: ann.access_token.clone(), inbox: None }).await;
    // Asked for the end of the token, and then the sign-in is looked at.
    while clock.questions.load(Ordering::SeqCst) == asked {
        tokio::task::yield_now().await;
    }

    let ended = app.post("/api/v1/auth/logout", &ann, &json!({})).await;
    assert!(ended.status.is_success(), "{ended:?}");
    closed.send(()).unwrap();

    assert!(held.await.unwrap());
    assert_eq!(socket.end().await, End::Closed(4401));
}

/// Where accounts are kept here.
async fn own_accounts(folder: &TempDir, clock: Arc<dyn Clock>) -> AuthService {
    let (accounts, hub) = (accounts(folder).await, hub(clock.clone()));
    service(accounts, hub, clock, AuthSettings::default()).await
}

fn source() -> SignInSource {
    SignInSource::of(ADDRESS, &HeaderMap::new(), "")
}

async fn register(sign_ins: &AuthService, name: &str) -> Tokens {
    let form = Register {
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        password: PASSWORD.to_owned(),
    };
    sign_ins.register(form, ADDRESS, Device::default()).await.unwrap()
}

/// A connection of this sign-in, with what keeps it.
fn attach(sign_ins: &AuthService, caller: &AuthUser) -> (Outbox, (ClientSession, OutboxReceiver)) {
    let (outbox, receiver) = outbox(1024);
    let identity = Identity { user: caller.user.clone(), sign_in: caller.sign_in };
    let peer = sign_ins.hub().attach(identity, Encoder::new(0, |_| None), Arc::new(outbox.clone())).unwrap();
    (outbox, (peer, receiver))
}

/// Runs a request until it waits, and disconnects.
fn hang_up<T>(asked: impl Future<Output = T>) {
    assert!(asked.now_or_never().is_none(), "it does not wait");
}

/// Why a connection was closed.
async fn closed(outbox: &Outbox) -> CloseCode {
    let closed = async {
        loop {
            match outbox.close_code() {
                Some(code) => break code,
                None => yield_now().await,
            }
        }
    };
    timeout(PATIENCE, closed).await.unwrap()
}

#[tokio::test]
async fn a_sign_out_completes_after_its_client_disconnects() {
    let folder = tempfile::tempdir().unwrap();
    let sign_ins = own_accounts(&folder, Arc::new(SystemClock::default())).await;
    let tokens = register(&sign_ins, "ann").await;
    let other = sign_ins.by_token(&register(&sign_ins, "bob").await.access_token).await.unwrap();
    let caller = sign_ins.by_token(&tokens.access_token).await.unwrap();
    let ((hers, _peer), (others, _other)) = (attach(&sign_ins, &caller), attach(&sign_ins, &other));

    hang_up(sign_ins.logout(&caller));

    assert_eq!(closed(&hers).await, CloseCode::Token);
    assert_eq!(others.close_code(), None);
}

#[tokio::test]
async fn a_reused_refresh_token_closes_sockets_after_a_disconnect() {
    let folder = tempfile::tempdir().unwrap();
    let rates = RateLimits { logins_per_minute: Some(1), ..RateLimits::OFF };
    let (accounts, clock) = (accounts(&folder).await, Arc::new(SystemClock::default()));
    let hub = hub(clock.clone());
    let service = |settings| service(accounts.clone(), hub.clone(), clock.clone(), settings);
    let sign_ins = service(AuthSettings::default()).await;
    for gives_up in [true, false] {
        let stolen = register(&sign_ins, if gives_up { "ann" } else { "bob" }).await.refresh_token;
        let next = sign_ins.refresh(&stolen, ADDRESS).await.unwrap();
        let last = sign_ins.refresh(&next.refresh_token, ADDRESS).await.unwrap();
        let caller = sign_ins.by_token(&last.access_token).await.unwrap();
        let (outbox, _kept) = attach(&sign_ins, &caller);
        let limited = service(AuthSettings { rates, ..AuthSettings::default() }).await;
        while limited.refresh("nonsense", ADDRESS).await.is_err_and(|it| it.retry_after_ms().is_none()) {}

        if gives_up {
            hang_up(limited.refresh(&stolen, ADDRESS));
        } else {
            let refused = limited.refresh(&stolen, ADDRESS).await;
            assert!(matches!(refused, Err(AuthError::TooFast { .. })));
        }

        assert_eq!(closed(&outbox).await, CloseCode::Token);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_overtaken_by_a_password_change_fails() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HoldingClock::default());
    let sign_ins = Arc::new(own_accounts(&folder, clock.clone()).await);
    let owner = register(&sign_ins, "ann").await;
    let owner = sign_ins.by_token(&owner.access_token).await.unwrap();

    // Asked for which devices are known, and for when the sign-in begins: then the password was compared.
    let (was_asked, closed) = clock.hold(2);
    let login = tokio::spawn({
        let sign_ins = sign_ins.clone();
        let form = Login { username: "ann".to_owned(), password: PASSWORD.to_owned() };
        async move { sign_ins.login(form, &source(), Device::default()).await.map(drop) }
    });
    tokio::task::spawn_blocking(move || was_asked.recv().unwrap()).await.unwrap();
    let (current_password, new_password) = (PASSWORD.to_owned(), "another horse battery".to_owned());
    let form = NewPassword { current_password, new_password };
    sign_ins.change_password(&owner, form, ADDRESS).await.unwrap();
    closed.send(()).unwrap();

    assert!(matches!(login.await.unwrap(), Err(AuthError::WrongCredentials)));
    let left = sign_ins.own_sign_ins(&owner).await.unwrap();
    assert_eq!(left.iter().map(|it| it.is_current).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn a_token_of_another_user_neither_renews_nor_closes_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let sign_ins = sign_ins(&folder, Arc::new(SystemClock::default())).await;
    let ann = User {
        id: UserId::parse("ann").unwrap(),
        username: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        is_active: true,
        created_at_ms: 0,
    };
    let (outbox, _receiver) = outbox(1024);
    let identity = Identity { user: Arc::new(ann), sign_in: SignInId(Uuid::from_u128(1)) };
    let peer = sign_ins.hub().attach(identity, Encoder::new(0, |_| None), Arc::new(outbox.clone())).unwrap();

    let bobs = mint(&json!({ "sub": "bob", "exp": FAR_AWAY }));
    assert!(sign_ins.renew(&peer, &bobs).await.is_err());
    assert!(sign_ins.renew(&peer, "garbage").await.is_err());
    assert_eq!(outbox.close_code(), None);
    let hers = mint(&json!({ "sub": "ann", "exp": FAR_AWAY }));
    assert!(sign_ins.renew(&peer, &format!("Bearer {hers}")).await.is_ok());
    assert_eq!(outbox.close_code(), None);
}

#[tokio::test]
async fn a_sign_in_ended_before_the_body_arrives_ends_the_request() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let body = r#"{"content":"after the end"}"#;
    let head = format!(
        "POST /api/v1/chats/{room}/messages HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        app.addr,
        ann.access_token,
        body.len()
    );
    let mut stream = BufReader::new(TcpStream::connect(app.addr).await.unwrap());
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body when it has looked at the head.
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    assert!(line.starts_with("HTTP/1.1 100 "), "{line}");
    stream.read_line(&mut line).await.unwrap();

    let ended = app.post("/api/v1/auth/logout", &ann, &json!({})).await;
    assert!(ended.status.is_success(), "{ended:?}");
    stream.write_all(body.as_bytes()).await.unwrap();

    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let page = app.get(&format!("/api/v1/chats/{room}/messages"), &bob).await.json();
    assert_eq!(page["messages"], json!([]));
}
