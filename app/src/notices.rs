//! Notices: collects what the server wants noticed, for the toasts and the banner of a page.

use protocol::ServerFrame;

use crate::components::toasts::Notices;
use crate::connection::Connection;
use crate::model::toasts::Words;

/// The notices of a connection, from now on.
pub(crate) fn notices(connection: Connection) -> Notices {
    let notices = Notices::default();
    connection.on_frame(move |frame| receive(frame, notices));
    notices
}

fn receive(frame: &ServerFrame, notices: Notices) {
    let words = match frame {
        ServerFrame::Notification { data } => Words::of_notification(&data.item),
        ServerFrame::Job { data } => Words::of_job(&data.item),
        ServerFrame::Maintenance { data } => {
            let words = if data.enabled { format!("Maintenance: {}", data.message) } else { String::new() };
            return notices.show_banner(words);
        }
        _ => None,
    };
    if let Some(words) = words {
        notices.push(words);
    }
}
