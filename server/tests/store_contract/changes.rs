//! Contract of changes: edits, deletions, reactions and pins, their numbers, and what a client reads of them afterwards.
//! Long because each promise has its test.

use std::sync::Arc;

use hub::model::{Message, MessageState, User};
use hub::store::{
    Change, ChangeBatch, ChangeDraft, ChangeError, ChangeKind, ChangeRecord, ChangeRights, Changed,
    HistoryRange, Page, StoreError, Version,
};
use protocol::limits::{MAX_PINS, MAX_REACTION_KINDS, PAGE_BYTES};
use protocol::{DraftId, MessageId, Reaction, RoomId};
use uuid::Uuid;

use crate::world::{World, room_id, seqs, test_user, unknown_user};

const EVERYTHING: ChangeRights =
    ChangeRights { may_delete_others: true, may_pin: true, edit_window_ms: None };

fn draft(author: &Arc<User>, message: &Message, change: Change) -> ChangeDraft {
    ChangeDraft {
        author: author.clone(),
        draft: DraftId(Uuid::now_v7()),
        message: message.id,
        change,
        rights: EVERYTHING,
    }
}

fn edit(body: &str) -> Change {
    Change::Edit { body: body.into(), base_rev: None }
}

fn react(emoji: &str, on: bool) -> Change {
    Change::React { emoji: emoji.into(), on }
}

fn pin(on: bool) -> Change {
    Change::Pin { on }
}

fn reaction(emoji: &str, users: &[&Arc<User>]) -> Reaction {
    let count = u32::try_from(users.len()).unwrap();
    Reaction { emoji: emoji.to_owned(), count, users: users.iter().map(|user| user.id.clone()).collect() }
}

impl World {
    async fn change(&self, room: &RoomId, drafts: Vec<ChangeDraft>) -> ChangeBatch {
        self.store.change(room, drafts, 3000).await.unwrap()
    }

    /// The result of one change by one author.
    async fn try_one(
        &self,
        room: &RoomId,
        author: &Arc<User>,
        message: &Message,
        change: Change,
    ) -> Result<Changed, ChangeError> {
        self.change(room, vec![draft(author, message, change)]).await.results[0]
    }

    async fn now(&self, room: &RoomId, message: &Message) -> Message {
        let page = self.page(room, HistoryRange::After(message.cursor.seq - 1), 1).await;
        page.messages[0].clone()
    }

    async fn state(&self, room: &RoomId, message: &Message) -> MessageState {
        *self.now(room, message).await.state.unwrap()
    }

    async fn rev(&self, room: &RoomId) -> u64 {
        self.store.room(room).await.unwrap().unwrap().rev
    }
}

pub(crate) async fn changes_are_numbered_densely(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let (one, two) = (world.say(&room, alice, "one", 2000).await, world.say(&room, bob, "two", 2000).await);
    assert_eq!((world.rev(&room).await, one.rev()), (0, 0));
    assert_eq!(
        world.change(&room, Vec::new()).await,
        ChangeBatch { results: vec![], records: vec![], messages: vec![] }
    );

    let drafts = vec![
        draft(alice, &one, edit("one, edited")),
        draft(alice, &two, react("👍", true)),
        draft(bob, &one, react("👍", true)),
        draft(bob, &two, pin(true)),
    ];
    let batch = store.change(&room, drafts, 3000).await.unwrap();

    assert_eq!(batch.results, [1, 2, 3, 4].map(|rev| Ok(Changed::New(rev))));
    assert_eq!(batch.messages.iter().map(Message::rev).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(batch.messages, world.page(&room, HistoryRange::Newest, 10).await.messages);
    assert_eq!(&*batch.messages[0].body, "one, edited");
    let expected = MessageState {
        rev: 3,
        edited_at_ms: Some(3000),
        deleted_at_ms: None,
        is_pinned: false,
        reactions: vec![reaction("👍", &[bob])],
    };
    assert_eq!(*batch.messages[0].state.clone().unwrap(), expected);
    let expected = MessageState {
        rev: 4,
        edited_at_ms: None,
        deleted_at_ms: None,
        is_pinned: true,
        reactions: vec![reaction("👍", &[alice])],
    };
    assert_eq!(*batch.messages[1].state.clone().unwrap(), expected);
    assert_eq!(world.rev(&room).await, 4);
    // Messages have their own numbers.
    assert_eq!(world.say(&room, alice, "three", 4000).await.cursor.seq, 3);
}

pub(crate) async fn each_change_has_a_record(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let (one, two) = (world.say(&room, alice, "one", 2000).await, world.say(&room, bob, "two", 2000).await);
    let batch = world
        .change(
            &room,
            vec![
                draft(alice, &one, edit("one, edited")),
                draft(bob, &two, edit("two")),
                draft(bob, &one, react("👍", true)),
                draft(bob, &one, react("👍", false)),
                draft(alice, &two, pin(true)),
            ],
        )
        .await;
    let record = |rev, seq, author: &Arc<User>, kind, emoji: Option<&str>| ChangeRecord {
        rev,
        seq,
        author: author.id.clone(),
        kind,
        emoji: emoji.map(Into::into),
        at_ms: 3000,
    };
    let mut records = vec![
        record(1, 1, alice, ChangeKind::Edit, None),
        record(2, 1, bob, ChangeKind::React, Some("👍")),
        record(3, 1, bob, ChangeKind::Unreact, Some("👍")),
        record(4, 2, alice, ChangeKind::Pin, None),
    ];
    assert_eq!(batch.records, records, "what changes nothing has none");
    let batch =
        world.change(&room, vec![draft(alice, &two, pin(false)), draft(alice, &one, Change::Delete)]).await;
    records.push(record(5, 2, alice, ChangeKind::Unpin, None));
    records.push(record(6, 1, alice, ChangeKind::Delete, None));
    assert_eq!(batch.records, records[4..]);
    for (after, limit, expected) in [(0, 10, 0..6), (2, 10, 2..6), (2, 3, 2..5), (6, 10, 6..6), (9, 10, 6..6)]
    {
        let read = store.changes_after(&room, after, limit).await.unwrap();
        assert_eq!(read, records[expected], "{after} {limit}");
    }
    assert!(store.changes_after(&room_id("nowhere"), 0, 10).await.unwrap().is_empty());
    let heads = store.room_heads(&alice.id).await.unwrap();
    assert_eq!(heads.iter().map(|head| (head.head.seq, head.rev)).collect::<Vec<_>>(), [(2, 6)]);
}

pub(crate) async fn a_change_sent_again_keeps_its_number(world: &World) {
    let World { store, alice, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "tea", 2000).await;
    let first = draft(alice, &message, edit("coffee"));
    let batch = world.change(&room, vec![first.clone(), first.clone()]).await;
    assert_eq!(batch.results, [Ok(Changed::New(1)), Ok(Changed::Known(1))]);
    assert_eq!(world.try_one(&room, alice, &message, edit("water")).await, Ok(Changed::New(2)));

    let again = store.change(&room, vec![first.clone()], 9000).await.unwrap();
    assert_eq!(
        again,
        ChangeBatch { results: vec![Ok(Changed::Known(1))], records: vec![], messages: vec![] }
    );
    assert_eq!(&*world.now(&room, &message).await.body, "water");
    // It is known also when it would be refused by now.
    assert_eq!(world.try_one(&room, alice, &message, Change::Delete).await, Ok(Changed::New(3)));
    assert_eq!(world.change(&room, vec![first]).await.results, [Ok(Changed::Known(1))]);
}

pub(crate) async fn a_change_draft_belongs_to_one_change(world: &World) {
    let World { alice, bob, .. } = world;
    let room = world.room("general").await;
    let (one, two) = (world.say(&room, alice, "one", 2000).await, world.say(&room, alice, "two", 2000).await);
    let used = draft(alice, &one, react("👍", true));
    assert_eq!(world.change(&room, vec![used.clone()]).await.results, [Ok(Changed::New(1))]);

    for (message, change) in [
        (&two, react("👍", true)),
        (&one, react("👎", true)),
        (&one, react("👍", false)),
        (&one, edit("other")),
        (&one, Change::Delete),
        (&one, pin(true)),
    ] {
        let other = ChangeDraft { message: message.id, change, ..used.clone() };
        let batch = world.change(&room, vec![other]).await;
        assert_eq!(
            batch,
            ChangeBatch { results: vec![Err(ChangeError::DraftUsed)], records: vec![], messages: vec![] }
        );
    }
    // Drafts are the author's own, and so are those of messages and of changes.
    let of_bob = ChangeDraft { author: bob.clone(), ..used };
    assert_eq!(world.change(&room, vec![of_bob]).await.results, [Ok(Changed::New(2))]);
}

pub(crate) async fn a_change_without_effect_takes_no_number(world: &World) {
    let World { alice, bob, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "tea", 2000).await;
    for change in [edit("tea"), react("👍", false), pin(false)] {
        assert_eq!(world.try_one(&room, alice, &message, change).await, Ok(Changed::NoEffect(0)));
    }
    assert_eq!(world.now(&room, &message).await, message);
    for (rev, change) in (1..).zip([edit("mint tea"), react("👍", true), pin(true)]) {
        assert_eq!(world.try_one(&room, alice, &message, change.clone()).await, Ok(Changed::New(rev)));
        assert_eq!(world.try_one(&room, alice, &message, change).await, Ok(Changed::NoEffect(rev)));
    }
    // A pin is the room's, a reaction its author's.
    assert_eq!(world.try_one(&room, bob, &message, pin(true)).await, Ok(Changed::NoEffect(3)));
    assert_eq!(world.try_one(&room, bob, &message, react("👍", true)).await, Ok(Changed::New(4)));
    assert_eq!(world.try_one(&room, alice, &message, Change::Delete).await, Ok(Changed::New(5)));
    assert_eq!(world.try_one(&room, alice, &message, Change::Delete).await, Ok(Changed::NoEffect(5)));
}

pub(crate) async fn a_refused_change_changes_nothing(world: &World) {
    let World { store, alice, bob, .. } = world;
    let [room, other] = [world.room("general").await, world.room("other").await];
    let message = world.say(&room, alice, "tea", 2000).await;
    let elsewhere = world.say(&other, alice, "tea", 2000).await;
    let deleted = world.say(&room, alice, "gone", 2000).await;
    assert_eq!(world.try_one(&room, alice, &deleted, Change::Delete).await, Ok(Changed::New(1)));
    let unknown = Message { id: MessageId(Uuid::now_v7()), ..message.clone() };

    for (author, message, change, error) in [
        (alice, &unknown, edit("x"), ChangeError::NoSuchMessage),
        (alice, &elsewhere, edit("x"), ChangeError::NoSuchMessage),
        (bob, &message, edit("x"), ChangeError::NotAuthor),
        (bob, &deleted, edit("x"), ChangeError::NotAuthor),
        (alice, &deleted, edit("x"), ChangeError::Deleted),
        (bob, &deleted, react("👍", true), ChangeError::Deleted),
        (bob, &deleted, pin(true), ChangeError::Deleted),
    ] {
        assert_eq!(world.try_one(&room, author, message, change.clone()).await, Err(error), "{change:?}");
    }
    let without_rights = |change| {
        let rights = ChangeRights { may_delete_others: false, may_pin: false, edit_window_ms: Some(999) };
        ChangeDraft { rights, ..draft(bob, &message, change) }
    };
    let of_alice = ChangeDraft { author: alice.clone(), ..without_rights(edit("too late")) };
    let drafts = vec![without_rights(Change::Delete), without_rights(pin(true)), of_alice.clone()];
    let expected = [ChangeError::NotOwner, ChangeError::NotOwner, ChangeError::TooOld].map(Err);
    assert_eq!(world.change(&room, drafts).await.results, expected);
    assert_eq!((world.rev(&room).await, world.now(&room, &message).await), (1, message.clone()));

    // A refusal does not keep the others from being made.
    let drafts = vec![draft(bob, &message, edit("x")), draft(bob, &message, react("👍", true))];
    let batch = world.change(&room, drafts).await;
    assert_eq!(batch.results, [Err(ChangeError::NotAuthor), Ok(Changed::New(2))]);
    // The window includes its last millisecond.
    let in_time = store.change(&room, vec![of_alice], 2999).await.unwrap();
    assert_eq!(in_time.results, [Ok(Changed::New(3))]);
}

pub(crate) async fn an_unknown_room_or_author_changes_nothing(world: &World) {
    let World { store, alice, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "tea", 2000).await;
    let mut stranger = test_user("nobody");
    stranger.id = unknown_user();
    let refused = store.change(&room_id("other"), vec![draft(alice, &message, edit("x"))], 3000).await;
    assert!(matches!(refused, Err(StoreError::NoSuchRoom)), "{refused:?}");
    let drafts = vec![draft(alice, &message, edit("x")), draft(&Arc::new(stranger), &message, pin(true))];
    let refused = store.change(&room, drafts, 3000).await;
    assert!(matches!(refused, Err(StoreError::NoSuchUser(id)) if id == unknown_user()));
    assert_eq!((world.rev(&room).await, world.now(&room, &message).await), (0, message));
}

pub(crate) async fn an_edit_keeps_the_earlier_texts(world: &World) {
    let World { store, alice, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "one", 2000).await;
    assert_eq!(store.versions(&room, 1).await.unwrap(), []);
    store.change(&room, vec![draft(alice, &message, edit("two"))], 3000).await.unwrap();
    world.try_one(&room, alice, &message, react("👍", true)).await.unwrap();
    store.change(&room, vec![draft(alice, &message, edit("three"))], 4000).await.unwrap();

    let version = |rev, body: &str, at_ms| Version { rev, body: body.into(), at_ms };
    let expected = [version(0, "one", 2000), version(1, "two", 3000)];
    assert_eq!(store.versions(&room, 1).await.unwrap(), expected);
    let state = world.state(&room, &message).await;
    assert_eq!((state.rev, state.edited_at_ms), (3, Some(4000)));
    assert_eq!(store.versions(&room_id("other"), 1).await.unwrap(), []);
}

pub(crate) async fn earlier_texts_are_bounded_in_number_and_in_bytes(world: &World) {
    let World { store, alice, .. } = world;
    let room = world.room("general").await;
    for (bytes, edits, kept) in [(1, 201, 200), (60_000, 20, PAGE_BYTES / 60_000 + 1)] {
        let message = world.say(&room, alice, "first", 2000).await;
        let texts = (0..=edits).map(|number| format!("{number} {}", "x".repeat(bytes)));
        let drafts = texts.clone().map(|text| draft(alice, &message, edit(&text))).collect();
        world.change(&room, drafts).await;
        let versions = store.versions(&room, message.cursor.seq).await.unwrap();
        assert_eq!(versions.len(), kept, "{bytes}");
        // Ends with the text before the present one.
        assert_eq!(Some(&*versions[kept - 1].body), texts.rev().nth(1).as_deref());
        assert!(versions.is_sorted_by_key(|version| version.rev));
    }
}

pub(crate) async fn an_edit_of_an_older_text_is_a_conflict(world: &World) {
    let World { alice, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "one", 2000).await;
    let on = |base_rev, body: &str| Change::Edit { body: body.into(), base_rev: Some(base_rev) };
    assert_eq!(world.try_one(&room, alice, &message, on(0, "two")).await, Ok(Changed::New(1)));
    assert_eq!(
        world.try_one(&room, alice, &message, on(0, "2")).await,
        Err(ChangeError::Conflict { rev: 1 })
    );
    // Other changes are none of an editor's business.
    world.try_one(&room, alice, &message, react("👍", true)).await.unwrap();
    assert_eq!(world.try_one(&room, alice, &message, on(1, "three")).await, Ok(Changed::New(3)));
}

pub(crate) async fn a_deleted_message_has_its_number_and_no_content(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "secret", 2000).await;
    for change in [edit("more secret"), react("👍", true), pin(true)] {
        world.try_one(&room, alice, &message, change).await.unwrap();
    }
    assert_eq!(world.unread(&room, bob).await, 1);
    assert_eq!(world.try_one(&room, bob, &message, Change::Delete).await, Ok(Changed::New(4)));

    let now = world.now(&room, &message).await;
    assert_eq!((&*now.body, now.cursor, now.id), ("", message.cursor, message.id));
    let expected = MessageState {
        rev: 4,
        edited_at_ms: Some(3000),
        deleted_at_ms: Some(3000),
        is_pinned: false,
        reactions: vec![],
    };
    assert_eq!(*now.state.unwrap(), expected);
    assert_eq!(store.versions(&room, 1).await.unwrap(), []);
    let summary = store.summary(&room, &bob.id).await.unwrap().unwrap();
    assert_eq!((summary.unread, summary.last.unwrap().text.as_str()), (0, ""));
}

pub(crate) async fn reactions_are_in_the_order_in_which_they_came(world: &World) {
    let World { alice, bob, carol, .. } = world;
    let room = world.room("general").await;
    let message = world.say(&room, alice, "tea", 2000).await;
    for (user, emoji) in [(carol, "😀"), (alice, "👍"), (bob, "👍"), (alice, "😀")] {
        world.try_one(&room, user, &message, react(emoji, true)).await.unwrap();
    }
    let expected = [reaction("😀", &[carol, alice]), reaction("👍", &[alice, bob])];
    assert_eq!(world.state(&room, &message).await.reactions, expected);
    world.try_one(&room, carol, &message, react("😀", false)).await.unwrap();
    let expected = [reaction("👍", &[alice, bob]), reaction("😀", &[alice])];
    assert_eq!(world.state(&room, &message).await.reactions, expected);
    // Whoever comes again comes last.
    world.try_one(&room, alice, &message, react("👍", false)).await.unwrap();
    world.try_one(&room, alice, &message, react("👍", true)).await.unwrap();
    let expected = [reaction("👍", &[bob, alice]), reaction("😀", &[alice])];
    assert_eq!(world.state(&room, &message).await.reactions, expected);
}

pub(crate) async fn kinds_of_reactions_and_pins_are_bounded(world: &World) {
    let World { alice, bob, .. } = world;
    let room = world.room("general").await;
    let first = world.say(&room, alice, "tea", 2000).await;
    let kinds =
        (0..=MAX_REACTION_KINDS).map(|kind| draft(alice, &first, react(&format!("kind-{kind}"), true)));
    let mut results = world.change(&room, kinds.collect()).await.results;
    assert_eq!(results.pop(), Some(Err(ChangeError::TooManyReactions)));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    // One of a kind that is there is taken.
    world.try_one(&room, bob, &first, react("kind-0", true)).await.unwrap();

    let mut pins = Vec::new();
    for number in 0..=MAX_PINS {
        let message = world.say(&room, alice, &number.to_string(), 2000).await;
        pins.push(draft(alice, &message, pin(true)));
    }
    let mut results = world.change(&room, pins.clone()).await.results;
    assert_eq!(results.pop(), Some(Err(ChangeError::TooManyPins)));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    // Deleting a message frees its place.
    let delete = ChangeDraft { draft: DraftId(Uuid::now_v7()), change: Change::Delete, ..pins[0].clone() };
    let last = pins[MAX_PINS].clone();
    assert!(world.change(&room, vec![delete, last]).await.results.iter().all(Result::is_ok));
}

pub(crate) async fn changed_messages_are_paged_by_their_last_change(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let mut messages = Vec::new();
    for body in ["one", "two", "three", "four"] {
        messages.push(world.say(&room, alice, body, 2000).await);
    }
    for at in [2, 0, 1, 0] {
        world.try_one(&room, bob, &messages[at], react(&format!("at-{at}"), true)).await.ok();
        world.try_one(&room, alice, &messages[at], edit(&format!("{at} edited"))).await.ok();
    }
    // Numbers 1 and 2 are of the third message, 3 and 4 of the first, 5 and 6 of the second.
    let read = async |rev, upto, limit| {
        let Page { messages, has_more } =
            store.messages_changed_after(&room, rev, upto, limit).await.unwrap();
        let revs: Vec<_> = messages.iter().map(Message::rev).collect();
        (seqs(&messages), revs, has_more)
    };
    assert_eq!(read(0, 4, 10).await, (vec![3, 1, 2], vec![2, 4, 6], false));
    assert_eq!(read(0, 4, 2).await, (vec![3, 1], vec![2, 4], true));
    assert_eq!(read(4, 4, 2).await, (vec![2], vec![6], false));
    assert_eq!(read(3, 4, 10).await, (vec![1, 2], vec![4, 6], false));
    assert_eq!(read(0, 2, 10).await, (vec![1, 2], vec![4, 6], false));
    assert_eq!(read(6, 4, 10).await, (vec![], vec![], false));
    assert_eq!(store.messages_changed_after(&room_id("other"), 0, 9, 9).await.unwrap(), Page::default());
}
