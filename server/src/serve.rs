//! Takes connections from the listener and answers requests on them, until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long a connection may wait for another request, or send the head of one. Longer than the minute for which proxies
/// keep theirs, so that it is they who close them and none of their requests is lost to it.
const NEXT_REQUEST: Duration = Duration::from_secs(75);

/// How long to wait when the system has no more files for us.
const BREATH: Duration = Duration::from_secs(1);

/// How long a client that has just come may take to ask for something when the server stops.
const LAST_CHANCE: Duration = Duration::from_millis(250);

/// The two steps of a stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    /// No connection is taken any more. Those that wait in the socket's queue are left to whoever has it next.
    pub(crate) shut: CancellationToken,
    /// Connections are closed as soon as their requests are answered; no more are taken.
    pub(crate) closing: CancellationToken,
}

/// Serves until `closing` is cancelled, and then until the requests that are under way are answered. Sockets that were
/// upgraded are not waited for. A client has `first_request` for the head of its first request.
pub(crate) async fn serve(listener: TcpListener, router: Router, steps: Steps, first_request: Duration) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = steps.shut.cancelled() => break,
            () = steps.closing.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, closing) = (router.clone(), steps.closing.clone());
                connections.spawn(answer(stream, peer, router, closing, first_request));
            }
            Err(error) if is_of_the_client(&error) => tracing::debug!(%error, "A client left before it came"),
            Err(error) => {
                tracing::error!(%error, "Could not take a connection");
                tokio::select! {
                    () = sleep(BREATH) => {}
                    () = steps.shut.cancelled() => break,
                    () = steps.closing.cancelled() => break,
                }
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    closing: CancellationToken,
    first_request: Duration,
) {
    // Small frames must not wait for one another.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "Could not set TCP_NODELAY");
    }
    let has_asked = Arc::new(AtomicBool::new(false));
    let asked = has_asked.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(NEXT_REQUEST);
    let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let mut in_time = pin!(sleep(first_request));
    let mut end = pin!(async {
        closing.cancelled().await;
        if !has_asked.load(Ordering::Relaxed) {
            sleep(LAST_CHANCE).await;
        }
    });
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
                may_be_late = has_asked.load(Ordering::Relaxed);
                if !may_be_late {
                    return tracing::debug!(peer = %peer, "A client came and asked for nothing");
                }
            }
            () = &mut end, if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
