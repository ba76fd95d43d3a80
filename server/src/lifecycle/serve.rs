//! Accepts connections and serves HTTP requests on them, until the server stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
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

use crate::auth::client_ip::ClientIp;
use crate::config::Limits;
use crate::gateway::host::ListensAt;
use crate::limits::http_activity::{Activity, Connections};
use crate::limits::http_timeouts::{TimeoutBody, TimeoutStream};

/// Pause after a failed accept, if no open connection can be closed.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Pause after a failed accept, for connections that are being closed.
const EVICTION_PAUSE: Duration = Duration::from_millis(10);

/// Minimum interval between log lines about failed accepts.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// How long a new connection may take to send its request when the server stops.
const LAST_REQUEST: Duration = Duration::from_millis(250);

/// Maximum size of the head of a request, and roughly of the response buffer of a client that does not read. The default is
/// 400 KiB.
const BUFFER_BYTES: usize = 32 * 1024;

/// What tells the HTTP side to stop. `state.stopping()` comes before both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown {
    /// Only if the sockets outlive this process: nothing more is accepted. Connections in the accept queues are left to the next
    /// process.
    pub(crate) stop_accepting: CancellationToken,
    /// Connections are closed as soon as their requests are answered; no more are accepted.
    pub(crate) close_connections: CancellationToken,
}

/// Serves requests. Cloning copies pointers.
#[derive(Clone)]
struct Server {
    router: Router,
    shutdown: Shutdown,
    limits: Limits,
    connections: Connections,
    tasks: TaskTracker,
}

/// Serves until `close_connections` is cancelled, and then until the running requests are answered. It does not wait for
/// upgraded sockets.
pub(crate) async fn serve(listeners: Vec<TcpListener>, router: Router, shutdown: Shutdown, limits: Limits) {
    let (connections, tasks) = (Connections::new(limits.waiting_connections), TaskTracker::new());
    let server = Server { router, shutdown, limits, connections, tasks };
    for listener in listeners {
        let server = server.clone();
        server.tasks.clone().spawn(async move { server.accept_from(listener).await });
    }
    server.tasks.close();
    server.tasks.wait().await;
}

impl Server {
    async fn accept_from(&self, listener: TcpListener) {
        let at = listener.local_addr().ok().map(ListensAt);
        let mut logged_at: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.shutdown.stop_accepting.cancelled() => break,
                () = self.shutdown.close_connections.cancelled() => break,
            };
            let pause = match accepted {
                Ok((stream, peer)) => {
                    if self.connections.count() >= self.limits.connections {
                        self.connections.make_room();
                    }
                    let server = self.clone();
                    self.tasks.spawn(async move { server.serve_connection(stream, peer, at).await });
                    continue;
                }
                Err(error) if is_client_error(&error) => {
                    tracing::debug!(%error, "A client closed its connection before it was accepted");
                    continue;
                }
                Err(error) => {
                    let ended = self.connections.make_room();
                    if logged_at.is_none_or(|logged_at| logged_at.elapsed() >= LOG_INTERVAL) {
                        logged_at = Some(Instant::now());
                        tracing::warn!(
                            %error, ended, open = self.connections.count(),
                            "Could not accept a connection; idle connections are closed to make room"
                        );
                    }
                    if ended > 0 { EVICTION_PAUSE } else { ACCEPT_PAUSE }
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.shutdown.stop_accepting.cancelled() => break,
                () = self.shutdown.close_connections.cancelled() => break,
            }
        }
    }

    /// Serves the requests of one connection.
    async fn serve_connection(self, stream: TcpStream, peer: SocketAddr, at: Option<ListensAt>) {
        let Self { router, shutdown: Shutdown { close_connections, .. }, limits, connections, .. } = self;
        // Small frames must not wait for acknowledgements (Nagle's algorithm).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "Could not set TCP_NODELAY");
        }
        let activity = connections.add(ClientIp::of_peer(peer.ip()));
        let stream = TimeoutStream::new(stream, activity.clone(), limits.response);
        let (of_service, builder) = (activity.clone(), http_builder(&limits));
        let service = service_fn(move |request: Request<Incoming>| {
            of_service.begin_request();
            let request = for_router(request, &of_service, limits.body, peer, at);
            let (activity, router) = (of_service.clone(), router.clone());
            async move {
                let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
                activity.begin_answer();
                Ok::<_, Infallible>(response)
            }
        });
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let mut in_time = pin!(sleep(limits.first_request));
        let mut end = pin!(async {
            close_connections.cancelled().await;
            if activity.requests() == 0 {
                sleep(LAST_REQUEST).await;
            }
        });
        let mut has_to_end = pin!(activity.has_to_end());
        let (mut may_be_late, mut is_ending) = (false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(error, peer = %peer, "A connection failed");
                    }
                    return;
                }
                () = &mut in_time, if !may_be_late => {
                    may_be_late = activity.requests() > 0;
                    if !may_be_late {
                        return tracing::debug!(peer = %peer, "A client sent no request in time");
                    }
                }
                () = &mut has_to_end => {
                    return tracing::debug!(peer = %peer, "An idle connection was closed to make room");
                }
                () = &mut end, if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn http_builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.keep_alive)
        .max_buf_size(BUFFER_BYTES);
    builder
}

/// A request with what the router needs: a body that must arrive in time, the client's address, and the listener's.
fn for_router(
    request: Request<Incoming>,
    activity: &Arc<Activity>,
    body_timeout: Duration,
    peer: SocketAddr,
    at: Option<ListensAt>,
) -> Request<Body> {
    let mut request = request.map(|body| Body::new(TimeoutBody::new(body, activity.clone(), body_timeout)));
    request.extensions_mut().insert(ConnectInfo(peer));
    if let Some(at) = at {
        request.extensions_mut().insert(at);
    }
    request
}

fn is_client_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
