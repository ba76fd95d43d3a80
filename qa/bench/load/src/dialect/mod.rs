//! Dialects: how to connect to each kind of server, join and send, and what the texts mean that carry no stamp.

mod hubbub;
mod interface;
mod plain;
mod socketio;

use crate::failed::Failed;

pub(crate) use interface::{Dialect, Heard};

/// The dialect of this name.
pub(crate) fn of(name: &str) -> Result<Box<dyn Dialect>, Failed> {
    match name {
        "hubbub" => Ok(Box::new(hubbub::Native::new())),
        "hubbub-socketio" => Ok(Box::new(socketio::SocketIo::of_hubbub())),
        "plain" => Ok(Box::new(plain::Plain)),
        "socketio" => Ok(Box::new(socketio::SocketIo::of_peers())),
        other => Err(Failed::Usage(format!(
            "there is no target `{other}`: hubbub, hubbub-socketio, plain and socketio are known"
        ))),
    }
}
