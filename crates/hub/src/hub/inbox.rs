//! Inbox operations of the hub: notifications, an application's own events and jobs, for one user.

use protocol::{InboxItem, Job, JobId, Notification, NotificationId, Signal, UserId, limits};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::Refusal;
use crate::inbox::{self, InboxCommand, JobReport, JobRequest, NewJob};
use crate::policy;
use crate::port::{NewEntry, Notifications};

use super::Hub;
use super::requester::Actor;

impl Hub {
    /// Sends a user a notification. Returns it, and how many clients got it at once.
    ///
    /// # Errors
    /// Texts outside their limits; [`Refusal::NoSuchPerson`].
    pub async fn notify(
        &self,
        person: &UserId,
        title: &str,
        message: &str,
        kind: &str,
    ) -> Result<(Notification, usize), Refusal> {
        policy::check_note("message", Some(message))?;
        policy::check_word("type", Some(kind))?;
        let notification = Notification {
            id: NotificationId(Uuid::now_v7()),
            title: policy::title("title", title)?,
            message: message.to_owned(),
            kind: kind.to_owned(),
            at_ms: self.context.clock.now_ms(),
            is_read: false,
        };
        let item = InboxItem::Notification(notification.clone());
        let heard = inbox::put(&self.context, person, NewEntry { item, waits: false }).await?;
        Ok((notification, heard))
    }

    /// Sends a user an application's own event. Returns how many clients got it at once.
    ///
    /// # Errors
    /// A name or data outside their limits; [`Refusal::NoSuchPerson`].
    pub async fn signal(&self, person: &UserId, signal: Signal) -> Result<usize, Refusal> {
        policy::check_word("event", Some(&signal.name))?;
        policy::check_details("data", Some(&signal.data))?;
        let entry = NewEntry { item: InboxItem::Signal(signal), waits: false };
        inbox::put(&self.context, person, entry).await
    }

    /// The notifications of a user, newest first.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn notifications(
        &self,
        person: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, Refusal> {
        let limit = limit.clamp(1, limits::MAX_PAGE_MESSAGES);
        Ok(self.context.store.notifications(person, before, limit).await?)
    }

    /// Marks notifications of a user as read, these or all; returns how many were unread.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn read_notifications(
        &self,
        person: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<u32, Refusal> {
        let which = which.map(<[_]>::to_vec);
        self.ask_inbox(person, |reply| InboxCommand::Read { which, reply }).await
    }

    /// Starts a job of a user.
    ///
    /// # Errors
    /// Texts outside their limits; [`Refusal::NotOwner`] for another user's, [`Refusal::NoSuchPerson`],
    /// [`Refusal::OverDaily`].
    pub async fn start_job(&self, actor: Actor<'_>, owner: &UserId, new: NewJob) -> Result<Job, Refusal> {
        if !actor.may_act_for(owner) {
            return Err(Refusal::NotOwner);
        }
        self.request_job(owner, JobRequest::Start { new, is_counted: !actor.is_service }).await
    }

    /// Reports the progress or the end of a job.
    ///
    /// # Errors
    /// Values outside their limits; [`Refusal::NoSuchJob`], [`Refusal::JobOver`].
    pub async fn report_job(&self, actor: Actor<'_>, id: JobId, report: JobReport) -> Result<Job, Refusal> {
        let job = self.job(actor, id).await?;
        self.request_job(&job.owner, JobRequest::Report(id, report)).await
    }

    /// Deletes a job.
    ///
    /// # Errors
    /// [`Refusal::NoSuchJob`].
    pub async fn delete_job(&self, actor: Actor<'_>, id: JobId) -> Result<(), Refusal> {
        let job = self.job(actor, id).await?;
        self.request_job(&job.owner, JobRequest::Delete(id)).await.map(|_| ())
    }

    /// One job.
    ///
    /// # Errors
    /// [`Refusal::NoSuchJob`], also for another user's.
    pub async fn job(&self, actor: Actor<'_>, id: JobId) -> Result<Job, Refusal> {
        let found = self.context.store.job(id).await?;
        found.filter(|job| actor.may_act_for(&job.owner)).ok_or(Refusal::NoSuchJob)
    }

    /// The jobs of a user, newest first.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn jobs(
        &self,
        person: &UserId,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, Refusal> {
        let limit = limit.clamp(1, limits::MAX_PAGE_MESSAGES);
        Ok(self.context.store.jobs_of(person, before, limit).await?)
    }

    async fn request_job(&self, owner: &UserId, request: JobRequest) -> Result<Job, Refusal> {
        let request = Box::new(request);
        self.ask_inbox(owner, |reply| InboxCommand::Job { request, reply }).await
    }

    /// Sends an inbox a command that is answered.
    async fn ask_inbox<T>(
        &self,
        user: &UserId,
        command: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> InboxCommand,
    ) -> Result<T, Refusal> {
        if self.context.lifecycle.is_stopping() {
            return Err(Refusal::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let mailbox = inbox::mailbox(&self.context, user);
        mailbox.send(command(reply)).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }
}
