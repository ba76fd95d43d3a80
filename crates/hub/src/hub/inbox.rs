//! Inbox operations of the hub: notifications, an application's own events and jobs, for one user.

use protocol::{InboxItem, Job, JobId, Notification, NotificationId, Signal, UserId, limits};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::HubError;
use crate::inbox::{self, InboxCommand, JobReport, JobRequest, NewJob};
use crate::policy;
use crate::store::{NewEntry, Notifications};

use super::Hub;
use super::requester::Requester;

impl Hub {
    /// Sends a user a notification. Returns it, and how many clients got it at once.
    ///
    /// # Errors
    /// Texts outside their limits; [`HubError::NoSuchUser`].
    pub async fn notify(
        &self,
        user: &UserId,
        title: &str,
        message: &str,
        kind: &str,
    ) -> Result<(Notification, usize), HubError> {
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
        let heard = inbox::put(&self.context, user, NewEntry { item, waits: false }).await?;
        Ok((notification, heard))
    }

    /// Sends a user an application's own event. Returns how many clients got it at once.
    ///
    /// # Errors
    /// A name or data outside their limits; [`HubError::NoSuchUser`].
    pub async fn signal(&self, user: &UserId, signal: Signal) -> Result<usize, HubError> {
        policy::check_word("event", Some(&signal.name))?;
        policy::check_details("data", Some(&signal.data))?;
        let entry = NewEntry { item: InboxItem::Signal(signal), waits: false };
        inbox::put(&self.context, user, entry).await
    }

    /// The notifications of a user, newest first.
    ///
    /// # Errors
    /// [`HubError::Unavailable`].
    pub async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, HubError> {
        let limit = limit.clamp(1, limits::MAX_PAGE_MESSAGES);
        Ok(self.context.store.notifications(user, before, limit).await?)
    }

    /// Marks notifications of a user as read, these or all; returns how many were unread.
    ///
    /// # Errors
    /// [`HubError::Unavailable`].
    pub async fn read_notifications(
        &self,
        user: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<u32, HubError> {
        let which = which.map(<[_]>::to_vec);
        self.ask_inbox(user, |reply| InboxCommand::Read { which, reply }).await
    }

    /// Starts a job of a user.
    ///
    /// # Errors
    /// Texts outside their limits; [`HubError::NotOwner`] for another user's, [`HubError::NoSuchUser`],
    /// [`HubError::OverDaily`].
    pub async fn start_job(
        &self,
        requester: Requester<'_>,
        owner: &UserId,
        new: NewJob,
    ) -> Result<Job, HubError> {
        if !requester.may_act_for(owner) {
            return Err(HubError::NotOwner);
        }
        self.request_job(owner, JobRequest::Start { new, is_counted: !requester.is_service }).await
    }

    /// Reports the progress or the end of a job.
    ///
    /// # Errors
    /// Values outside their limits; [`HubError::NoSuchJob`], [`HubError::JobOver`].
    pub async fn report_job(
        &self,
        requester: Requester<'_>,
        id: JobId,
        report: JobReport,
    ) -> Result<Job, HubError> {
        let job = self.job(requester, id).await?;
        self.request_job(&job.owner, JobRequest::Report(id, report)).await
    }

    /// Deletes a job.
    ///
    /// # Errors
    /// [`HubError::NoSuchJob`].
    pub async fn delete_job(&self, requester: Requester<'_>, id: JobId) -> Result<(), HubError> {
        let job = self.job(requester, id).await?;
        self.request_job(&job.owner, JobRequest::Delete(id)).await.map(|_| ())
    }

    /// One job.
    ///
    /// # Errors
    /// [`HubError::NoSuchJob`], also for another user's.
    pub async fn job(&self, requester: Requester<'_>, id: JobId) -> Result<Job, HubError> {
        let found = self.context.store.job(id).await?;
        found.filter(|job| requester.may_act_for(&job.owner)).ok_or(HubError::NoSuchJob)
    }

    /// The jobs of a user, newest first.
    ///
    /// # Errors
    /// [`HubError::Unavailable`].
    pub async fn jobs(&self, user: &UserId, before: Option<JobId>, limit: u32) -> Result<Vec<Job>, HubError> {
        let limit = limit.clamp(1, limits::MAX_PAGE_MESSAGES);
        Ok(self.context.store.jobs_of(user, before, limit).await?)
    }

    async fn request_job(&self, owner: &UserId, request: JobRequest) -> Result<Job, HubError> {
        let request = Box::new(request);
        self.ask_inbox(owner, |reply| InboxCommand::Job { request, reply }).await
    }

    /// Sends an inbox a command that is answered.
    async fn ask_inbox<T>(
        &self,
        user: &UserId,
        command: impl FnOnce(oneshot::Sender<Result<T, HubError>>) -> InboxCommand,
    ) -> Result<T, HubError> {
        if self.context.lifecycle.is_stopping() {
            return Err(HubError::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let mailbox = inbox::mailbox(&self.context, user);
        mailbox.send(command(reply)).await.map_err(|_| HubError::Stopping)?;
        answer.await.map_err(|_| HubError::Stopping)?
    }
}
