//! Takes connections from the listeners and answers requests on them, until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::auth::address::Address;
use crate::config::Limits;
use crate::gateway::host::ListensAt;
use crate::http_activity::Connections;
use crate::http_timeouts::{TimeoutBody, TimeoutStream};

/// How long to wait when no connection can be taken and none makes room.
const BREATH: Duration = Duration::from_secs(1);

/// How long those that have to make room may take to end.
const MOMENT: Duration = Duration::from_millis(10);

/// How often the log may say that connections cannot be taken.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// How long a client that has just come may take to ask for something when the server stops.
const LAST_CHANCE: Duration = Duration::from_millis(250);

/// Bytes that the head of a request may have, and about as many of an answer wait in memory for a client that does not take
/// them. Without it they are 400 KiB.
const BUFFER_BYTES: usize = 32 * 1024;

/// The two steps of a stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    /// No connection is taken any more. Those that wait in the sockets' queues are left to whoever has them next.
    pub(crate) shut: CancellationToken,
    /// Connections are closed as soon as their requests are answered; no more are taken.
    pub(crate) closing: CancellationToken,
}

/// Answers requests. Cloning copies pointers.
#[derive(Clone)]
struct Server {
    router: Router,
    steps: Steps,
    limits: Limits,
    connections: Connections,
    tasks: TaskTracker,
}

/// Serves until `closing` is cancelled, and then until the requests that are under way are answered. Sockets that were
/// upgraded are not waited for.
pub(crate) async fn serve(listeners: Vec<TcpListener>, router: Router, steps: Steps, limits: Limits) {
    let (connections, tasks) = (Connections::new(limits.waiting_connections), TaskTracker::new());
    let server = Server { router, steps, limits, connections, tasks };
    for listener in listeners {
        let server = server.clone();
        server.tasks.clone().spawn(async move { server.take_from(listener).await });
    }
    server.tasks.close();
    server.tasks.wait().await;
}

impl Server {
    async fn take_from(&self, listener: TcpListener) {
        let at = listener.local_addr().ok().map(ListensAt);
        let mut said_at: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.steps.shut.cancelled() => break,
                () = self.steps.closing.cancelled() => break,
            };
            let breath = match accepted {
                Ok((stream, peer)) => {
                    if self.connections.count() >= self.limits.connections {
                        self.connections.make_room();
                    }
                    let server = self.clone();
                    self.tasks.spawn(async move { server.answer(stream, peer, at).await });
                    continue;
                }
                Err(error) if is_of_the_client(&error) => {
                    tracing::debug!(%error, "A client left before it came");
                    continue;
                }
                Err(error) => {
                    let ended = self.connections.make_room();
                    if said_at.is_none_or(|said_at| said_at.elapsed() >= SAID_EVERY) {
                        said_at = Some(Instant::now());
                        tracing::warn!(
                            %error, ended, open = self.connections.count(),
                            "Could not take a connection; those that waited longest for their clients make room"
                        );
                    }
                    if ended > 0 { MOMENT } else { BREATH }
                }
            };
            tokio::select! {
                () = sleep(breath) => {}
                () = self.steps.shut.cancelled() => break,
                () = self.steps.closing.cancelled() => break,
            }
        }
    }

    /// Answers the requests of one connection.
    async fn answer(self, stream: TcpStream, peer: SocketAddr, at: Option<ListensAt>) {
        let Self { router, steps: Steps { closing, .. }, limits, connections, .. } = self;
        // Small frames must not wait for one another.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "Could not set TCP_NODELAY");
        }
        let activity = connections.add(Address::of_peer(peer.ip()));
        let stream = TimeoutStream::new(stream, activity.clone(), limits.response);
        let of_service = activity.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let activity = of_service.clone();
            activity.begin_request();
            let mut request =
                request.map(|body| Body::new(TimeoutBody::new(body, activity.clone(), limits.body)));
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(at) = at {
                request.extensions_mut().insert(at);
            }
            let router = router.clone();
            async move {
                let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
                activity.begin_answer();
                Ok::<_, Infallible>(response)
            }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.keep_alive)
            .max_buf_size(BUFFER_BYTES);
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let mut in_time = pin!(sleep(limits.first_request));
        let mut end = pin!(async {
            closing.cancelled().await;
            if activity.requests() == 0 {
                sleep(LAST_CHANCE).await;
            }
        });
        let mut has_to_end = pin!(activity.has_to_end());
        let (mut may_be_late, mut is_ending) = (false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(error, peer = %peer, "A connection broke");
                    }
                    return;
                }
                () = &mut in_time, if !may_be_late => {
                    may_be_late = activity.requests() > 0;
                    if !may_be_late {
                        return tracing::debug!(peer = %peer, "A client came and asked for nothing");
                    }
                }
                () = &mut has_to_end => {
                    return tracing::debug!(peer = %peer, "A connection made room for others");
                }
                () = &mut end, if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
