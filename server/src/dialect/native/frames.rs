//! Native frames: encodes those that go to many clients or are long, into one buffer and without a copy of their contents.
//!
//! The types of `protocol` own what they hold, which suits readers. The tests prove that both encode alike.

use bytes::Bytes;
use hub::model::Message;
use hub::{Broadcast, JoinSnapshot};
use protocol::{Cursor, DraftId, LiveChange, Member, MessageId, MessageKind, RawJson, RoomId, UserId};
use serde::Serialize;

use super::common::{frame_of, write};

/// Bytes around a text: names, identifiers, numbers.
const AROUND: usize = 384;

#[derive(Serialize)]
struct Frame<T> {
    r#type: &'static str,
    data: T,
}

/// As `ServerFrame::Message`.
pub(super) fn message(message: &Message) -> Option<Bytes> {
    #[derive(Serialize)]
    struct MessageData<'a> {
        room: &'a RoomId,
        cursor: Cursor,
        id: MessageId,
        author: &'a UserId,
        name: &'a str,
        draft: DraftId,
        body: &'a str,
        at_ms: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        parent: Option<MessageId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<&'a MessageKind>,
    }
    // A message that was changed before it could be published, which is rare.
    if message.state.is_some() {
        return frame_of(
            &Frame { r#type: "message", data: message.to_wire() },
            AROUND + message.content_bytes(),
        );
    }
    let Message { room, cursor, id, author, draft, body, at_ms, parent, kind, .. } = message;
    let data = MessageData {
        room,
        cursor: *cursor,
        id: *id,
        author: &author.id,
        name: &author.username,
        draft: *draft,
        body,
        at_ms: *at_ms,
        parent: *parent,
        kind: (!kind.is_text()).then_some(kind),
    };
    frame_of(&Frame { r#type: "message", data }, AROUND + body.len())
}

/// As `ServerFrame::Broadcast`, with its data as it came.
pub(super) fn broadcast(Broadcast { room, user, event, data }: &Broadcast) -> Option<Bytes> {
    #[derive(Serialize)]
    struct BroadcastData<'a> {
        room: &'a RoomId,
        user: &'a UserId,
        event: &'a str,
        data: &'a RawJson,
    }
    let size = 80 + room.as_str().len() + user.as_str().len() + event.len() + data.as_str().len();
    frame_of(&Frame { r#type: "broadcast", data: BroadcastData { room, user, event, data } }, size)
}

/// As `ServerFrame::Joined`. The list of members is encoded once for all who join until a member changes.
// Long because the list of members is spliced into it by hand.
pub(super) fn joined(joined: &JoinSnapshot) -> Option<Bytes> {
    #[derive(Serialize)]
    struct JoinedStart<'a> {
        room: &'a RoomId,
        #[serde(skip_serializing_if = "Option::is_none")]
        chat: Option<&'a RoomId>,
        head: Cursor,
        recovered: bool,
        has_more: bool,
        messages: &'a [protocol::Message],
    }
    #[derive(Serialize)]
    struct JoinedEnd<'a> {
        typing: &'a [UserId],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        participants: &'a [UserId],
        #[serde(skip_serializing_if = "Option::is_none")]
        live: Option<&'a LiveChange>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<u64>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        changed: &'a [protocol::Message],
    }
    let JoinSnapshot {
        room,
        chat,
        head,
        recovered,
        has_more,
        messages,
        roster,
        typing,
        participants,
        live,
        changed,
        ..
    } = joined;
    let rev = joined.takes_changes.then_some(joined.rev);
    let members = roster.encoded(|member: &Member, out| write(member, out).unwrap_or_default());
    let bodies: usize = messages.iter().chain(changed).map(|message| message.body.len() + AROUND).sum();
    let mut out = Vec::with_capacity(AROUND + bodies + members.text().len());
    out.extend_from_slice(br#"{"type":"joined","data":"#);
    let (head, recovered, has_more) = (*head, *recovered, *has_more);
    write(&JoinedStart { room, chat: chat.as_ref(), head, recovered, has_more, messages }, &mut out)?;
    // The closing bracket: the rest of the object follows.
    out.pop();
    out.extend_from_slice(br#","members":["#);
    let unannounced_member = joined.unannounced_member();
    match unannounced_member.as_ref().and_then(|(index, member)| Some((members.around(*index)?, member))) {
        Some(((before, behind), member)) => {
            out.extend_from_slice(before);
            write(member, &mut out)?;
            out.extend_from_slice(behind);
        }
        None => out.extend_from_slice(members.text()),
    }
    out.extend_from_slice(b"],");
    let tail = out.len();
    write(&JoinedEnd { typing, participants, live: live.as_ref(), rev, changed }, &mut out)?;
    // The opening bracket: the object is open already.
    out.remove(tail);
    out.push(b'}');
    Some(out.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hub::model::MessageState;
    use protocol::{JoinedRoom, Opaque, Reaction, ServerFrame};
    use serde_json::json;

    use super::*;
    use crate::dialect::golden;

    fn text(frame: Option<Bytes>) -> String {
        String::from_utf8(frame.unwrap().to_vec()).unwrap()
    }

    fn changed_message() -> Message {
        let reaction = Reaction { emoji: "👍".to_owned(), count: 1, users: vec![golden::ann()] };
        let state = MessageState {
            rev: 9,
            edited_at_ms: Some(5),
            deleted_at_ms: None,
            is_pinned: true,
            reactions: vec![reaction],
        };
        Message { state: Some(Box::new(state)), ..golden::message("edited") }
    }

    #[test]
    fn a_message_is_encoded_as_the_protocol_encodes_it() {
        let plain = golden::message("\"Tee\"\n\u{202e} 👩‍👩‍👧");
        let parent = Some(MessageId(golden::uuid(9)));
        let kind = MessageKind::parse("question").unwrap();
        for stored in [plain.clone(), changed_message(), Message { parent, kind, ..plain }] {
            let encoded = serde_json::to_string(&ServerFrame::Message { data: stored.to_wire() }).unwrap();
            assert_eq!(text(message(&stored)), encoded);
        }
    }

    #[test]
    fn a_broadcast_keeps_its_data_as_it_was_written() {
        let data: RawJson = serde_json::from_str(r#"{"a": 1.50}"#).unwrap();
        let (room, user) = (golden::room(), golden::ann());
        let sent = Broadcast { room, user, event: "a\"b".into(), data };
        assert_eq!(
            text(broadcast(&sent)),
            r#"{"type":"broadcast","data":{"room":"kitchen","user":"ann-id","event":"a\"b","data":{"a": 1.50}}}"#
        );
    }

    fn snapshot(members: usize, joining: Option<usize>) -> JoinSnapshot {
        let member = |n: usize| json!({ "id": format!("p{n}"), "name": format!("p{n}"), "role": "member", "online": false, "read_seq": n });
        let members = (0..members).map(|n| serde_json::from_value(member(n)).unwrap()).collect();
        JoinSnapshot {
            room: golden::room(),
            chat: None,
            head: Cursor { epoch: 7, seq: 3 },
            recovered: false,
            has_more: true,
            messages: vec![golden::message("hello").to_wire()],
            roster: Arc::new(hub::Roster::of(members)),
            unannounced: joining,
            typing: vec![golden::ann()],
            participants: Vec::new(),
            live: None,
            rev: 9,
            takes_changes: false,
            changed: Vec::new(),
        }
    }

    #[test]
    fn the_answer_to_a_join_is_encoded_as_the_protocol_encodes_it() {
        let live = LiveChange {
            room: golden::room(),
            chat: None,
            status: "live".to_owned(),
            user: golden::ann(),
            at_ms: 1,
            details: Opaque::default(),
        };
        for (members, joining) in [(0, None), (1, None), (1, Some(0)), (3, None), (3, Some(1)), (3, Some(2))]
        {
            let quiet =
                JoinSnapshot { typing: Vec::new(), messages: Vec::new(), ..snapshot(members, joining) };
            let busy = JoinSnapshot {
                chat: Some(golden::room()),
                participants: vec![golden::ann()],
                live: Some(live.clone()),
                rev: 9,
                takes_changes: true,
                changed: vec![changed_message().to_wire()],
                ..snapshot(members, joining)
            };
            for snapshot in [snapshot(members, joining), quiet, busy] {
                let data: JoinedRoom = snapshot.to_wire();
                assert_eq!(
                    data.members.iter().filter(|it| it.online).count(),
                    usize::from(joining.is_some())
                );
                let encoded = serde_json::to_string(&ServerFrame::Joined { data }).unwrap();
                assert_eq!(text(joined(&snapshot)), encoded);
                // From the roster that is encoded by now.
                assert_eq!(text(joined(&snapshot)), encoded);
            }
        }
    }
}
