//! Rooms on socketioxide behind axum, WebSocket only.

use std::convert::Infallible;
use std::error::Error;

use axum::Router;
use axum::serve::ListenerExt as _;
use bench_peers::listener;
use serde::{Deserialize, Serialize};
use socketioxide::extract::{Data, SocketRef};
use socketioxide::handler::ConnectHandler as _;
use socketioxide::{SocketIo, TransportType};

#[derive(Serialize, Deserialize)]
struct Said {
    room: String,
    data: String,
}

/// As a middleware: the handler of the connection runs after the client was accepted, and what it sends at once
/// would be lost.
async fn prepare(socket: SocketRef) -> Result<(), Infallible> {
    socket.on("join", async |socket: SocketRef, Data::<String>(room)| {
        socket.join(room.clone());
        if let Err(error) = socket.emit("joined", &room) {
            eprintln!("joined: {error}");
        }
    });
    socket.on("msg", async |socket: SocketRef, Data::<Said>(said)| {
        if let Err(error) = socket.within(said.room.clone()).emit("msg", &said).await {
            eprintln!("msg: {error}");
        }
    });
    Ok(())
}

async fn connected(_: SocketRef) {}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Its default for what waits for a client is far below what a burst in a large room takes.
    let builder = SocketIo::builder().transports([TransportType::Websocket]).max_buffer_size(1024);
    let (layer, io) = builder.build_layer();
    io.ns("/", connected.with(prepare));
    let listener = listener()?.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("nodelay: {error}");
        }
    });
    axum::serve(listener, Router::new().layer(layer)).await?;
    Ok(())
}
