//! The server's engine with a fixed application and nothing else, for public protocol suites to be run against.
//!
//! `cargo run -p server --example conformance -- --listen 127.0.0.1:9001 --profile echo`

mod echo;
mod engine_io;
mod recovery;
mod socket_io;
mod socket_io_client;

use std::io;
use std::io::Write;
use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use clap::{Parser, ValueEnum};
use tokio::net::TcpListener;

/// Where to listen, and what to be.
#[derive(Parser)]
struct Arguments {
    /// Address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Which application to run.
    #[arg(long, value_enum)]
    profile: Profile,
}

/// What each suite expects to find.
#[derive(Clone, Copy, ValueEnum)]
enum Profile {
    /// Raw WebSocket on any path: every message comes back unchanged.
    Echo,
    /// Engine.IO at `/engine.io/`: every message comes back.
    EngineIo,
    /// Socket.IO at `/socket.io/`: messages come back as events and as acknowledgements.
    SocketIo,
    /// Socket.IO with recovery: what the tests of `socket.io-client` expect of their server.
    SocketIoClient,
}

impl Profile {
    fn router(self) -> Router {
        match self {
            Self::Echo => echo::router(),
            Self::EngineIo => engine_io::router(),
            Self::SocketIo => socket_io::router(),
            Self::SocketIoClient => socket_io_client::router(),
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Arguments { listen, profile } = Arguments::parse();
    let listener = TcpListener::bind(listen).await?;
    writeln!(io::stdout(), "Listening on {}", listener.local_addr()?)?;
    // Small frames must not wait for one another.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "Could not set TCP_NODELAY");
        }
    });
    axum::serve(listener, profile.router()).await
}
