//! What reaches people wherever they are, from any door: notifications, the application's own events, jobs.

use std::sync::atomic::Ordering;

use protocol::{InboxItem, Job, JobId, Notification, NotificationId, Signal, UserId, limits};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::inbox::{InboxCommand, JobOrder, JobReport, NewJob};
use crate::policy;
use crate::port::{NewEntry, Notifications};
use crate::refusal::Refusal;

use super::Hub;

/// Who asks for something.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Which person.
    pub person: &'a UserId,
    /// Whether it is a part of the application, which may act for anybody.
    pub is_service: bool,
}

impl Actor<'_> {
    fn may_act_for(self, person: &UserId) -> bool {
        self.is_service || self.person == person
    }
}

impl Hub {
    /// Has a person notice something. Answers with it, and with how many clients heard of it at once.
    ///
    /// # Errors
    /// Words outside their limits; [`Refusal::NoSuchPerson`].
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
        let heard = self.context.put_in_inbox(person, NewEntry { item, waits: false }).await?;
        Ok((notification, heard))
    }

    /// Sends a person an event of the application's own. Answers how many clients heard of it at once.
    ///
    /// # Errors
    /// A name or data outside their limits; [`Refusal::NoSuchPerson`].
    pub async fn signal(&self, person: &UserId, signal: Signal) -> Result<usize, Refusal> {
        policy::check_word("event", Some(&signal.name))?;
        policy::check_details("data", Some(&signal.data))?;
        let entry = NewEntry { item: InboxItem::Signal(signal), waits: false };
        self.context.put_in_inbox(person, entry).await
    }

    /// Somebody's notifications, newest first.
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

    /// Marks somebody's notifications as read, these or all; answers how many were not.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn read_notifications(
        &self,
        person: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<u32, Refusal> {
        if self.context.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let command = InboxCommand::Read { which: which.map(<[_]>::to_vec), reply };
        self.context.inbox(person).send(command).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Starts a job for somebody to wait for.
    ///
    /// # Errors
    /// Words outside their limits; [`Refusal::NotOwner`] for somebody else's, [`Refusal::NoSuchPerson`],
    /// [`Refusal::OverDaily`].
    pub async fn start_job(&self, actor: Actor<'_>, owner: &UserId, new: NewJob) -> Result<Job, Refusal> {
        if !actor.may_act_for(owner) {
            return Err(Refusal::NotOwner);
        }
        self.order(owner, JobOrder::Start { new, is_counted: !actor.is_service }).await
    }

    /// Says how a job goes on, or how it ended.
    ///
    /// # Errors
    /// Values outside their limits; [`Refusal::NoSuchJob`], [`Refusal::JobOver`].
    pub async fn report_job(&self, actor: Actor<'_>, id: JobId, report: JobReport) -> Result<Job, Refusal> {
        let job = self.job(actor, id).await?;
        self.order(&job.owner, JobOrder::Report(id, report)).await
    }

    /// Keeps a job no more.
    ///
    /// # Errors
    /// [`Refusal::NoSuchJob`].
    pub async fn delete_job(&self, actor: Actor<'_>, id: JobId) -> Result<(), Refusal> {
        let job = self.job(actor, id).await?;
        self.order(&job.owner, JobOrder::Delete(id)).await.map(|_| ())
    }

    /// One job.
    ///
    /// # Errors
    /// [`Refusal::NoSuchJob`], also for somebody else's.
    pub async fn job(&self, actor: Actor<'_>, id: JobId) -> Result<Job, Refusal> {
        let found = self.context.store.job(id).await?;
        found.filter(|job| actor.may_act_for(&job.owner)).ok_or(Refusal::NoSuchJob)
    }

    /// Somebody's jobs, newest first.
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

    async fn order(&self, owner: &UserId, order: JobOrder) -> Result<Job, Refusal> {
        if self.context.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let command = InboxCommand::Job { order: Box::new(order), reply };
        self.context.inbox(owner).send(command).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }
}
