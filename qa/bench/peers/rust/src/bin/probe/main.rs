//! What is possible: axum shakes hands, then the bare socket goes to a thread of its own, where a room is a list of sockets
//! and a frame is made once for all of them. No rights, no rules, no storage.

mod frame;
mod hub;
mod member;

use std::error::Error;
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bench_peers::listener;
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use sha1::{Digest as _, Sha1};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

/// RFC 6455, section 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A socket that has shaken hands, and what its client sent too early.
struct Arrival {
    stream: std::net::TcpStream,
    early: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (arrive, mut arrivals) = unbounded_channel::<Arrival>();
    thread::spawn(move || {
        let Ok(runtime) = Builder::new_current_thread().enable_io().build() else { return };
        LocalSet::new().block_on(&runtime, async move {
            let hub = hub::Hub::start();
            while let Some(arrival) = arrivals.recv().await {
                if let Ok(stream) = TcpStream::from_std(arrival.stream) {
                    tokio::task::spawn_local(member::serve(hub.clone(), stream, arrival.early));
                }
            }
        });
    });
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let router = Router::new().route("/ws", get(shake_hands)).with_state(arrive);
        axum::serve(listener()?, router).await?;
        Ok(())
    })
}

async fn shake_hands(State(arrive): State<UnboundedSender<Arrival>>, mut request: Request) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        return answer;
    };
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    let upgrade = on(&mut request);
    tokio::spawn(async move {
        if let Some(arrival) = take_over(upgrade).await {
            // The other thread is there for as long as the program.
            let _ = arrive.send(arrival);
        }
    });
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = STANDARD.encode(digest);
    for (name, value) in [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, &accept)] {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// Takes the socket out of hyper.
async fn take_over(upgrade: OnUpgrade) -> Option<Arrival> {
    let parts = downcast::<TokioIo<TcpStream>>(upgrade.await.ok()?).ok()?;
    let stream = parts.io.into_inner();
    stream.set_nodelay(true).ok()?;
    Some(Arrival { stream: stream.into_std().ok()?, early: parts.read_buf.to_vec() })
}
