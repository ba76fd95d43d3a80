//! The REST API: every address with its answer, and every error code that an answer can have.

use protocol::rest::Tokens;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use server::config::RateLimits;

use crate::common::{Answer, App, FAR_AWAY, PASSWORD, mint};
use crate::transcript::Transcript;

/// Sends requests and notes them with their answers.
struct Recorder<'a> {
    app: &'a App,
    notes: Transcript,
}

impl Recorder<'_> {
    async fn call(&mut self, method: Method, path: &str, who: Option<&str>, body: Option<Value>) -> Answer {
        let asked = body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
        self.notes.note(">", &format!("{method} {path}{asked}"));
        let mut request = self.app.request(method, path);
        if let Some(token) = who {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.note_answer(request).await
    }

    async fn note_answer(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::to(request).await;
        let kind = answer.header("content-type").to_owned();
        self.notes.note("<", format!("{} {kind} {}", answer.status.as_u16(), answer.text).trim_end());
        answer
    }

    async fn get(&mut self, path: &str, who: &Tokens) -> Answer {
        self.call(Method::GET, path, Some(&who.access_token), None).await
    }

    async fn post(&mut self, path: &str, who: &Tokens, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&who.access_token), Some(body)).await
    }

    async fn patch(&mut self, path: &str, who: &Tokens, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(&who.access_token), Some(body)).await
    }

    async fn delete(&mut self, path: &str, who: &Tokens) -> Answer {
        self.call(Method::DELETE, path, Some(&who.access_token), None).await
    }

    async fn without_sign_in(&mut self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, None, Some(body)).await
    }
}

fn tokens(answer: &Answer) -> Tokens {
    serde_json::from_str(&answer.text).unwrap()
}

fn register(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD })
}

async fn accounts(c: &mut Recorder<'_>) -> (Tokens, Tokens) {
    c.notes.heading("accounts");
    let ann = tokens(&c.without_sign_in("/api/v1/auth/register", register("ann")).await);
    let bob = tokens(&c.without_sign_in("/api/v1/auth/register", register("bob")).await);
    let login = json!({ "username": "ann", "password": PASSWORD });
    let again = tokens(&c.without_sign_in("/api/v1/auth/login", login).await);
    let again = tokens(
        &c.without_sign_in("/api/v1/auth/refresh", json!({ "refresh_token": again.refresh_token })).await,
    );
    c.get("/api/v1/auth/me", &ann).await;
    c.call(Method::POST, "/api/v1/auth/ticket", Some(&ann.access_token), None).await;
    c.call(Method::POST, "/api/v1/auth/logout", Some(&again.access_token), None).await;
    c.app.login("ann").await;
    let sessions = c.get("/api/v1/auth/sessions", &ann).await.json();
    let other = sessions["sessions"][1]["id"].as_str().unwrap().to_owned();
    c.delete(&format!("/api/v1/auth/sessions/{other}"), &ann).await;
    c.delete("/api/v1/auth/sessions/none", &ann).await;
    c.delete("/api/v1/auth/sessions", &ann).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });
    c.post("/api/v1/auth/password", &bob, change).await;
    let wrong = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });
    c.post("/api/v1/auth/password", &bob, wrong).await;
    for wrong in [
        json!({ "username": "ann", "password": "wrong" }),
        json!({ "username": "ann" }),
        json!({ "username": 7, "password": "x" }),
        json!([]),
    ] {
        c.without_sign_in("/api/v1/auth/login", wrong).await;
    }
    for wrong in [
        register("ann"),
        json!({ "username": "cid", "email": "ann@example.org", "password": PASSWORD }),
        json!({ "username": "cid", "email": "cid@example.org", "password": "short" }),
        json!({ "username": "c d", "email": "cid@example.org", "password": PASSWORD }),
        json!({ "username": "cid", "email": "cid", "password": PASSWORD }),
        json!({ "username": "cid", "email": "cid@example.org", "password": PASSWORD, "role": "admin" }),
    ] {
        c.without_sign_in("/api/v1/auth/register", wrong).await;
    }
    c.without_sign_in("/api/v1/auth/refresh", json!({ "refresh_token": "wrong" })).await;
    c.call(Method::GET, "/api/v1/auth/me", None, None).await;
    c.call(Method::GET, "/api/v1/auth/me", Some("wrong"), None).await;
    (ann, bob)
}

async fn rooms(c: &mut Recorder<'_>, ann: &Tokens, bob: &Tokens) {
    c.notes.heading("rooms");
    let eve = c.app.register("eve").await;
    let body = json!({ "name": "Kitchen", "id": "kitchen", "member_ids": [bob.user.id] });
    c.post("/api/v1/chats", ann, body.clone()).await;
    c.get("/api/v1/chats", ann).await;
    c.get("/api/v1/chats/kitchen", ann).await;
    c.patch("/api/v1/chats/kitchen", ann, json!({ "name": "Galley" })).await;
    c.get("/api/v1/chats/kitchen/members", bob).await;
    c.post("/api/v1/chats/kitchen/members", ann, json!({ "usernames": ["eve"] })).await;
    c.delete(&format!("/api/v1/chats/kitchen/members/{}", eve.user.id), ann).await;
    c.get("/api/v1/users?search=bo", ann).await;
    for wrong in [
        body,
        json!({ "name": " " }),
        json!({ "name": "x".repeat(500) }),
        json!({ "name": "x", "id": "no spaces" }),
        json!({ "name": "x", "id": "session_x" }),
        json!({ "name": "x", "member_ids": ["nobody"] }),
        json!({ "name": "x", "colour": "red" }),
        json!({ "name": "x", "kind": "nothing" }),
    ] {
        c.post("/api/v1/chats", ann, wrong).await;
    }
    c.get("/api/v1/chats/kitchen", &eve).await;
    c.patch("/api/v1/chats/kitchen", bob, json!({ "name": "Bar" })).await;
    c.delete("/api/v1/chats/kitchen", bob).await;
    c.post("/api/v1/chats/kitchen/members", ann, json!({ "usernames": ["nobody"] })).await;
    c.post("/api/v1/chats", ann, json!({ "name": "Attic", "id": "attic" })).await;
    c.delete("/api/v1/chats/attic", ann).await;
    c.get("/api/v1/chats/attic", ann).await;
    c.post("/api/v1/chats", ann, json!({ "name": "Attic", "id": "attic" })).await;
}

async fn messages(c: &mut Recorder<'_>, ann: &Tokens, bob: &Tokens) {
    c.notes.heading("messages");
    let path = "/api/v1/chats/kitchen/messages";
    let draft = "00000000-0000-0000-0000-00000000000a";
    let said = c
        .post(path, ann, json!({ "content": "Tea \"is\" ready \u{1} שלום", "draft_id": draft }))
        .await
        .json();
    c.post(path, ann, json!({ "content": "Tea \"is\" ready \u{1} שלום", "draft_id": draft })).await;
    let answer = json!({ "content": "Which?", "message_type": "question", "parent_message_id": said["id"] });
    c.post(path, bob, answer).await;
    c.get(path, bob).await;
    c.get(&format!("{path}?after=1&limit=1"), bob).await;
    c.get(&format!("{path}?before=2&limit=1"), bob).await;
    c.post("/api/v1/chats/kitchen/read", bob, json!({ "seq": 1 })).await;
    c.get("/api/v1/chats", bob).await;
    for wrong in [
        json!({ "content": " " }),
        json!({ "content": "x".repeat(70_000) }),
        json!({ "content": "x", "parent_message_id": "00000000-0000-0000-0000-000000000000" }),
        json!({ "content": "x", "message_type": "no spaces" }),
        json!({ "content": 7 }),
    ] {
        if wrong.to_string().len() < 1000 {
            c.post(path, ann, wrong).await;
        } else {
            let answer = c.app.post(path, ann, &wrong).await;
            c.notes.note("< to 70,000 letters", &format!("{} {}", answer.status.as_u16(), answer.text));
        }
    }
    c.get(&format!("{path}?limit=0"), ann).await;
    c.get(&format!("{path}?after=x"), ann).await;
    c.post("/api/v1/chats/kitchen/read", bob, json!({ "seq": "x" })).await;
}

async fn jobs_and_notifications(c: &mut Recorder<'_>, ann: &Tokens, service: &Tokens) {
    c.notes.heading("jobs");
    let body = json!({ "title": "Import", "kind": "report", "subject": "list-7", "message": "soon" });
    let job = c.post("/api/v1/jobs", ann, body).await.json();
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    c.patch(&path, ann, json!({ "progress": 40, "stage": "sorting", "message": "Almost" })).await;
    c.get(&path, ann).await;
    c.patch(&path, ann, json!({ "status": "completed", "result": { "rows": 7 } })).await;
    c.patch(&path, ann, json!({ "progress": 50 })).await;
    c.patch(&path, ann, json!({ "progress": 101 })).await;
    c.get("/api/v1/jobs", ann).await;
    c.delete(&path, ann).await;
    c.get(&path, ann).await;
    c.post("/api/v1/jobs", ann, json!({ "title": " " })).await;
    c.post("/api/v1/jobs", service, json!({ "title": "For her", "owner_id": ann.user.id })).await;
    c.notes.heading("notifications");
    let body = json!({ "user_id": ann.user.id, "title": "Lunch", "message": "At noon", "kind": "success" });
    c.post("/api/v1/notifications", service, body.clone()).await;
    c.post("/api/v1/notifications", ann, body).await;
    let list = c.get("/api/v1/notifications", ann).await.json();
    let id = &list["notifications"][0]["id"];
    c.post("/api/v1/notifications/read", ann, json!({ "ids": [id] })).await;
    c.post("/api/v1/notifications/read", ann, json!({})).await;
    c.get("/api/v1/notifications", ann).await;
}

async fn the_rest(c: &mut Recorder<'_>, ann: &Tokens, service: &Tokens, admin: &Tokens) {
    c.notes.heading("what watches and tries out");
    c.get("/api/v1/websocket/stats", admin).await;
    c.get("/api/v1/websocket/stats", ann).await;
    c.get(&format!("/api/v1/websocket/user/{}/status", ann.user.id), ann).await;
    c.get("/api/v1/websocket/user/nobody/status", admin).await;
    let emit =
        json!({ "userId": ann.user.id, "event": "deal-won", "message": "Won", "data": { "amount": 7 } });
    c.post("/api/v1/websocket/test/emit-to-user", service, emit.clone()).await;
    c.post("/api/v1/websocket/test/emit-to-user", ann, emit).await;
    let reserved = json!({ "userId": ann.user.id, "event": "connect", "message": "x" });
    c.post("/api/v1/websocket/test/emit-to-user", service, reserved).await;
    let analysis = json!({ "interviewId": "interview-7" });
    c.post(&format!("/api/v1/websocket/test/analysis-events/{}", ann.user.id), service, analysis).await;
    c.post("/api/v1/admin/maintenance", ann, json!({ "enabled": true })).await;
    c.call(Method::GET, "/healthz", None, None).await;
    c.call(Method::GET, "/readyz", None, None).await;
    c.post("/api/v1/admin/maintenance", admin, json!({ "enabled": true, "message": "Back at six" })).await;
    c.call(Method::GET, "/readyz", None, None).await;
    c.post("/api/v1/admin/maintenance", admin, json!({ "enabled": false })).await;
    c.notes.heading("requests of no form");
    c.get("/api/v1/nothing", ann).await;
    c.call(Method::PUT, "/api/v1/chats", Some(&ann.access_token), None).await;
    for (kind, body) in
        [("application/json", "{"), ("text/plain", "{}"), ("application/json", "{\"name\":1,\"name\":2}")]
    {
        c.notes.note(">", &format!("POST /api/v1/chats as {kind}: {body}"));
        let request = c.app.request(Method::POST, "/api/v1/chats").bearer_auth(&ann.access_token);
        c.note_answer(request.header("content-type", kind).body(body)).await;
    }
    c.notes.note(">", "POST /api/v1/auth/login with 100,000 bytes");
    let request =
        c.app.request(Method::POST, "/api/v1/auth/login").header("content-type", "application/json");
    c.note_answer(request.body(" ".repeat(100_000))).await;
    c.notes.note(">", "GET /api/v1/ws without an upgrade");
    let request = c.app.request(Method::GET, "/api/v1/ws").bearer_auth(&ann.access_token);
    c.note_answer(request).await;
}

/// A part of the application, with this role.
fn part(role: &str, like: &Tokens) -> Tokens {
    let access_token = mint(&json!({ "sub": format!("part-{role}"), "exp": FAR_AWAY, "hubbub_role": role }));
    Tokens { access_token, ..like.clone() }
}

#[tokio::test]
async fn bodies_and_errors_of_the_rest_api_are_unchanged() {
    let app = App::spawn().await;
    let mut c = Recorder { app: &app, notes: Transcript::default() };
    let (ann, bob) = accounts(&mut c).await;
    let (service, admin) = (part("service", &ann), part("admin", &ann));
    rooms(&mut c, &ann, &bob).await;
    messages(&mut c, &ann, &bob).await;
    jobs_and_notifications(&mut c, &ann, &service).await;
    the_rest(&mut c, &ann, &service, &admin).await;
    c.notes.compare("rest.txt");
}

#[tokio::test]
async fn errors_of_limits_are_unchanged() {
    let limits = RateLimits { logins_per_minute: Some(1), messages_per_second: Some(1), ..RateLimits::OFF };
    let app = App::spawn_with(|config| config.rate_limits = limits).await;
    let mut c = Recorder { app: &app, notes: Transcript::default() };
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let path = format!("/api/v1/chats/{room}/messages");
    let mut refused = 200;
    let mut answer = None;
    while refused < 400 {
        let next = app.post(&path, &ann, &json!({ "content": "x" })).await;
        refused = next.status.as_u16();
        answer = Some(next);
    }
    let answer = answer.unwrap();
    c.notes.note("< too many messages", &format!("{refused} {}", answer.text));
    let mut refused = 401;
    let mut answer = None;
    while refused == 401 {
        let form = json!({ "username": "ann", "password": "wrong" });
        let next = app.post_signed_out("/api/v1/auth/login", &form).await;
        refused = next.status.as_u16();
        answer = Some(next);
    }
    c.notes.note("< too many sign-ins", &format!("{refused} {}", answer.unwrap().text));
    c.notes.compare("limits.txt");
}
