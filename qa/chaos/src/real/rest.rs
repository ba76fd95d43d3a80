//! REST client of the harness itself, which no proxy separates from the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use protocol::rest::{
    ChatMessage, Chats, JobPatch, Login, MessagePage, NewChat, NewJob, NewMessage, NewNotification,
    Notifications, Notified, Register, Tokens,
};
use protocol::{DraftId, Job, JobId, JobKind, JobStatus, Notification, RoomId, UserId};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use uuid::Uuid;

use super::options::Error;

const PASSWORD: &str = "correct horse battery";

/// So long does an answer take at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// A way to the server, wherever it is.
#[derive(Clone)]
pub(super) struct Rest {
    http: reqwest::Client,
    server: watch::Receiver<Option<SocketAddr>>,
}

impl Rest {
    pub(super) fn new(server: watch::Receiver<Option<SocketAddr>>) -> Result<Self, Error> {
        Ok(Self { http: reqwest::Client::builder().timeout(PATIENCE).build()?, server })
    }

    pub(super) async fn register(&self, username: &str) -> Result<Tokens, Error> {
        let email = format!("{username}@example.org");
        let form = Register { username: username.to_owned(), email, password: PASSWORD.to_owned() };
        self.post("/api/v1/auth/register", None, &form).await
    }

    pub(super) async fn sign_in(&self, username: &str) -> Result<Tokens, Error> {
        let form = Login { username: username.to_owned(), password: PASSWORD.to_owned() };
        self.post("/api/v1/auth/login", None, &form).await
    }

    /// Makes a room for all of these; the first one is its owner.
    pub(super) async fn create_room(&self, name: &str, members: &[Tokens]) -> Result<RoomId, Error> {
        #[derive(serde::Deserialize)]
        struct Made {
            id: RoomId,
        }
        let member_ids = members.iter().skip(1).map(|it| it.user.id.clone()).collect();
        // A chosen name can be read in a report.
        let id = RoomId::parse(name).ok();
        let new = NewChat { name: name.to_owned(), member_ids, id, ..NewChat::default() };
        let made: Made = self.post("/api/v1/chats", members.first(), &new).await?;
        Ok(made.id)
    }

    /// Says something in a room.
    pub(super) async fn send(&self, who: &Tokens, room: &str, text: &str) -> Result<ChatMessage, Error> {
        let new = NewMessage {
            content: text.to_owned(),
            message_type: protocol::MessageKind::Text,
            parent_message_id: None,
            draft_id: Some(DraftId(Uuid::new_v4())),
        };
        self.post(&format!("/api/v1/chats/{room}/messages"), Some(who), &new).await
    }

    /// Sends a notification of a user to the same user.
    pub(super) async fn notify(&self, who: &Tokens, text: &str) -> Result<Notification, Error> {
        let user_id: UserId = who.user.id.clone();
        let new = NewNotification { user_id, title: text.to_owned(), message: String::new(), kind: None };
        let made: Notified = self.post("/api/v1/notifications", Some(who), &new).await?;
        Ok(made.notification)
    }

    /// Starts a job of a user, whose title and subject are the same.
    pub(super) async fn start_job(&self, owner: &Tokens, title: &str) -> Result<JobId, Error> {
        let (title, subject) = (title.to_owned(), Some(title.to_owned()));
        let new = NewJob { kind: JobKind::Task, subject, title, message: None, owner_id: None };
        let job: Job = self.post("/api/v1/jobs", Some(owner), &new).await?;
        Ok(job.id)
    }

    /// Ends a job with what came of it.
    pub(super) async fn end_job(&self, owner: &Tokens, job: JobId, result: &str) -> Result<(), Error> {
        let end = JobPatch {
            status: Some(JobStatus::Completed),
            result: Some(result.into()),
            ..JobPatch::default()
        };
        let path = format!("/api/v1/jobs/{job}");
        let request = self.request(Method::PATCH, &path).await.json(&end).bearer_auth(&owner.access_token);
        answer::<Job>(&path, request).await.map(|_| ())
    }

    /// The epoch of each of a user's rooms.
    pub(super) async fn epochs(&self, who: &Tokens) -> Result<BTreeMap<RoomId, u32>, Error> {
        let chats: Chats = self.get("/api/v1/chats?limit=200", who).await?;
        Ok(chats.chats.into_iter().map(|chat| (chat.id, chat.head.epoch)).collect())
    }

    /// Everything in a room, oldest first.
    pub(super) async fn history(&self, who: &Tokens, room: &RoomId) -> Result<Vec<ChatMessage>, Error> {
        let mut all: Vec<ChatMessage> = Vec::new();
        loop {
            let after = all.last().map_or(0, |message| message.seq);
            let page = self.page_after(who, room, after).await?;
            let is_empty = page.messages.is_empty();
            all.extend(page.messages);
            if !page.has_more || is_empty {
                return Ok(all);
            }
        }
    }

    /// The messages of a room after a number, as many as one answer brings.
    pub(super) async fn page_after(
        &self,
        who: &Tokens,
        room: &RoomId,
        after: u64,
    ) -> Result<MessagePage, Error> {
        self.get(&format!("/api/v1/chats/{room}/messages?after={after}&limit=200"), who).await
    }

    /// All notifications of a user, oldest first.
    pub(super) async fn notifications(&self, who: &Tokens) -> Result<Vec<Notification>, Error> {
        let mut all = Vec::new();
        let mut before = String::new();
        loop {
            let path = format!("/api/v1/notifications?limit=200{before}");
            let page: Notifications = self.get(&path, who).await?;
            all.extend(page.notifications);
            match page.next {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        all.reverse();
        Ok(all)
    }

    /// Where the server listens at the moment, if it does.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        *self.server.borrow()
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, who: &Tokens) -> Result<T, Error> {
        answer(path, self.request(Method::GET, path).await.bearer_auth(&who.access_token)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        who: Option<&Tokens>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let request = self.request(Method::POST, path).await.json(body);
        let request = match who {
            Some(who) => request.bearer_auth(&who.access_token),
            None => request,
        };
        answer(path, request).await
    }

    /// A request to the server, once it is there.
    async fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut server = self.server.clone();
        let address = server.wait_for(Option::is_some).await.ok().and_then(|address| *address);
        // Without a server for good, the request fails by itself.
        let address = address.map_or_else(|| "127.0.0.1:0".to_owned(), |address| address.to_string());
        self.http.request(method, format!("http://{address}{path}"))
    }
}

async fn answer<T: DeserializeOwned>(path: &str, request: RequestBuilder) -> Result<T, Error> {
    let answer = request.send().await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer.json().await?);
    }
    let body = answer.text().await?;
    Err(Error::Refused { path: path.to_owned(), status: status.as_u16(), body })
}
