//! Execution: runs a room's commands and timers, as an actor.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::actor::{Actor, Flow};
use crate::error::HubError;

use super::Room;
use super::command::RoomCommand;

impl Actor for Room {
    type Command = RoomCommand;

    async fn execute(&mut self, command: RoomCommand) -> Flow {
        // Futures that wait for the store are boxed, so that an idle room needs little memory.
        match command {
            RoomCommand::Batched(command) => {
                if self.pending.goes_before(&command) {
                    self.commit_pending().await;
                }
                self.pending.add(command);
                Flow::Continue
            }
            RoomCommand::Immediate(command) => {
                self.commit_pending().await;
                self.execute_immediate(command);
                if self.members.is_stale() {
                    Box::pin(self.resync_members_if_due()).await
                } else {
                    Flow::Continue
                }
            }
            RoomCommand::Request(request) => {
                self.commit_pending().await;
                Box::pin(self.answer(*request)).await
            }
            RoomCommand::Stop(reply) => {
                self.commit_pending().await;
                reply.send(()).ok();
                Flow::End(HubError::Stopping)
            }
        }
    }

    async fn finish_batch(&mut self) {
        self.commit_pending().await;
        self.log.history_mut().finish_batch();
    }

    fn next_deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.typing.next_deadline(),
            self.live.next_deadline(),
            self.presence.next_deadline(),
            self.name.next_deadline(),
            self.log.resync_at(),
            self.members.resync_at(),
        ];
        deadlines.into_iter().flatten().min()
    }

    async fn on_timer(&mut self) -> Flow {
        let now = Instant::now();
        let stopped = self.typing.expire(&self.identity.id, now);
        self.emit(stopped);
        let left = self.live.expire(now, self.now_ms());
        self.emit(left);
        if self.log.resync_at().is_some_and(|moment| moment <= now) {
            self.resync_log().await;
        }
        if let end @ Flow::End(_) = self.resync_members_if_due().await {
            return end;
        }
        self.send_presence();
        let renamed = self.name.take_due(&self.identity.id, Instant::now());
        self.emit(renamed);
        Flow::Continue
    }

    /// A room without subscribers is idle, unless its members have to be resynced: they are notified of changes even without
    /// subscribers.
    fn idle_timeout(&self) -> Option<Duration> {
        let is_idle = self.fanout.is_empty() && !self.members.is_stale();
        is_idle.then_some(self.context.settings.room_idle)
    }

    fn passivate(&self, mailbox: &mpsc::Receiver<RoomCommand>) -> bool {
        self.registration.passivate(&self.context, &self.identity.id, self.members.ids(), mailbox)
    }
}
