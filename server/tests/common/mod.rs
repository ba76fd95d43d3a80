//! Test server: the real server on a free port with a database of its own, and helpers for users and requests.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::net::SocketAddr;
use std::sync::Arc;

use hub::store::Clock;
use jsonwebtoken::{EncodingKey, Header};
use protocol::rest::{ChatMessage, Tokens};
use protocol::{RoomId, UserId};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use server::Running;
use server::auth::Proxies;
use server::auth::origin::Origins;
use server::clock::SystemClock;
use server::config::{
    AccountPolicy, AccountsMode, ChangeRules, Config, Environment, Limits, Quotas, RateLimits, Secret,
    Synchronous,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The signing secret of the test servers.
pub(crate) const SECRET: &str = "a secret of the tests, long enough";

/// The password of everybody that [`App::register`] makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server. Its data goes when it goes.
pub(crate) struct App {
    pub(crate) addr: SocketAddr,
    /// Follows no redirects and keeps no cookies.
    pub(crate) client: Client,
    config: Config,
    clock: Arc<dyn Clock>,
    running: Running,
    folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The body as JSON; `null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The status, the error's code and its field, for one comparison.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), text("code"), text("field"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl App {
    /// A production server without rate limits.
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(|_| {}).await
    }

    /// A server with other settings.
    pub(crate) async fn spawn_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::spawn_at(Arc::new(SystemClock::default()), change).await
    }

    /// The same by another clock.
    pub(crate) async fn spawn_at(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            environment: Environment::Production,
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()],
            data_dir: folder.path().to_owned(),
            database: folder.path().join("hubbub.db"),
            synchronous: Synchronous::Full,
            secret: Secret::new(SECRET),
            access_token_minutes: 15,
            origins: Origins::default(),
            proxies: Proxies::default(),
            accounts: AccountsMode::Local,
            // As in development: most tests are about something else.
            users: AccountPolicy::of(Environment::Development),
            server_name: "test".to_owned(),
            dev_user: UserId::parse("f9b5645d-898b-4d58-b10a-a6b50a9d234b").unwrap(),
            site_dir: folder.path().join("site"),
            reload_port: None,
            trust_query_user: false,
            rate_limits: RateLimits::OFF,
            limits: Limits::default(),
            quotas: Quotas::OFF,
            changes: ChangeRules::default(),
            compression_min_bytes: Some(1024),
            log: "warn".to_owned(),
            retired_names: Vec::new(),
        };
        change(&mut config);
        Self::serve(config, clock, folder).await
    }

    async fn serve(config: Config, clock: Arc<dyn Clock>, folder: TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = server::serve_on(vec![listener], config.clone(), clock.clone()).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { addr: running.addresses()[0], client, config, clock, running, folder }
    }

    /// Stops gently and starts again on the same data, at another port.
    pub(crate) async fn restart(self) -> Self {
        self.running.shutdown().await;
        Self::serve(self.config, self.clock, self.folder).await
    }

    /// Stops gently.
    pub(crate) async fn stop(self) {
        self.running.shutdown().await;
    }

    /// Where the server keeps its data.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// A socket's address; `query` with its question mark, or nothing.
    pub(crate) fn socket_url(&self, query: &str) -> String {
        format!("ws://{}/api/v1/ws{query}", self.addr)
    }

    /// A request without any proof of identity.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str, who: &Tokens) -> Answer {
        Answer::to(self.request(Method::GET, path).bearer_auth(&who.access_token)).await
    }

    pub(crate) async fn delete(&self, path: &str, who: &Tokens) -> Answer {
        Answer::to(self.request(Method::DELETE, path).bearer_auth(&who.access_token)).await
    }

    pub(crate) async fn post(&self, path: &str, who: &Tokens, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, path).bearer_auth(&who.access_token).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, who: &Tokens, body: &Value) -> Answer {
        Answer::to(self.request(Method::PATCH, path).bearer_auth(&who.access_token).json(body)).await
    }

    /// A JSON request without a sign-in.
    pub(crate) async fn post_signed_out(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(body)).await
    }

    /// Makes an account with [`PASSWORD`] and `<name>@example.org`.
    pub(crate) async fn register(&self, name: &str) -> Tokens {
        let form = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        let answer = self.post_signed_out("/api/v1/auth/register", &form).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        serde_json::from_str(&answer.text).unwrap()
    }

    /// Signs in once more, as on another device.
    pub(crate) async fn login(&self, name: &str) -> Tokens {
        let form = json!({ "username": name, "password": PASSWORD });
        let answer = self.post_signed_out("/api/v1/auth/login", &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        serde_json::from_str(&answer.text).unwrap()
    }

    /// Creates a room with these members.
    pub(crate) async fn create_room(&self, owner: &Tokens, name: &str, members: &[&Tokens]) -> RoomId {
        let members: Vec<_> = members.iter().map(|member| &member.user.id).collect();
        let answer = self.post("/api/v1/chats", owner, &json!({ "name": name, "member_ids": members })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        serde_json::from_value(answer.json()["id"].take()).unwrap()
    }

    /// Posts a message over REST.
    pub(crate) async fn say(&self, author: &Tokens, room: &RoomId, text: &str) -> ChatMessage {
        let path = format!("/api/v1/chats/{room}/messages");
        let answer = self.post(&path, author, &json!({ "content": text })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        serde_json::from_str(&answer.text).unwrap()
    }

    /// A ticket for one socket.
    pub(crate) async fn ticket(&self, who: &Tokens) -> String {
        let answer = self.post("/api/v1/auth/ticket", who, &Value::Null).await;
        answer.json()["ticket"].as_str().unwrap().to_owned()
    }

    /// Sends a page's form, as a browser does from our own pages.
    pub(crate) async fn submit(&self, path: &str, cookie: &str, fields: &str) -> Answer {
        let form =
            self.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        Answer::to(
            form.header("sec-fetch-site", "same-origin").header("cookie", cookie).body(fields.to_owned()),
        )
        .await
    }

    /// Loads a page with a cookie; `""` for none.
    pub(crate) async fn visit(&self, path: &str, cookie: &str) -> Answer {
        Answer::to(self.request(Method::GET, path).header("cookie", cookie)).await
    }

    /// Signs in a browser and answers with its cookie.
    pub(crate) async fn browser(&self, name: &str) -> String {
        let answer =
            self.submit("/sign-in", "", &format!("username={name}&password=correct+horse+battery")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

/// A token with these claims, signed as the server would.
pub(crate) fn mint(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::default(), claims, &key).unwrap()
}

/// A second far away, for claims of tokens that have not expired: the year 2100.
pub(crate) const FAR_AWAY: u64 = 4_102_444_800;

/// Uses every item, because each test binary needs only some of them.
const _: fn() = || {
    let _ =
        (App::spawn, App::restart, App::stop, App::folder, App::url, App::socket_url, App::request, App::get);
    let _ = (App::delete, App::post, App::patch, App::post_signed_out, App::register, App::login, App::say);
    let _ = (App::create_room, App::ticket, App::submit, App::visit, App::browser, mint, FAR_AWAY);
    let _ = (Answer::to, Answer::json, Answer::error, Answer::header, PASSWORD, SECRET);
    let _ = |app: App| app.client;
    drop((App::spawn_with(|_| {}), App::spawn_at(Arc::new(SystemClock::default()), |_| {})));
};
