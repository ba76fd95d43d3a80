//! What every store keeps: one suite, run against the store in memory and the one on disk. What only a file can get
//! wrong, and accounts, have files of their own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should panic"
)]

mod accounts;
mod check;
mod copies;
mod files;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod inbox;
mod jobs;
mod live;
mod messages;
mod model;
mod notifications;
mod older;
mod own_sign_ins;
mod quotas;
mod remembered;
mod rooms;
mod sign_in_quota;
mod world;

/// Each of these is a promise of `hub::store::Store`.
macro_rules! contract {
    ($($file:ident: $($promise:ident),+;)+) => {
        mod memory {
            $($(
                #[tokio::test]
                async fn $promise() {
                    crate::$file::$promise(&crate::world::World::in_memory()).await;
                }
            )+)+
        }
        mod sqlite {
            $($(
                #[tokio::test]
                async fn $promise() {
                    crate::$file::$promise(&crate::world::World::on_disk().await).await;
                }
            )+)+
        }
    };
}

contract! {
    rooms:
        a_room_is_found_as_it_was_made,
        a_taken_id_makes_no_room,
        an_unknown_person_makes_no_room,
        a_room_gets_another_name,
        a_deleted_room_leaves_nothing,
        the_id_of_a_deleted_room_is_not_given_again,
        people_are_added_once,
        an_unknown_person_adds_nobody,
        who_leaves_is_out_and_may_come_back,
        the_longest_member_inherits_a_room_without_owner,
        what_was_read_never_falls_and_never_passes_the_head,
        rooms_are_listed_by_their_newest_message_then_by_id,
        a_list_is_read_page_by_page,
        others_messages_are_counted_as_unread_up_to_the_limit,
        a_preview_is_cut_by_characters;
    messages:
        numbers_are_dense_and_in_order,
        a_draft_sent_again_keeps_its_number,
        a_draft_twice_in_one_batch_is_one_message,
        a_draft_sent_twice_at_once_is_one_message,
        a_draft_belongs_to_its_author_and_its_room,
        an_unknown_room_or_author_appends_nothing,
        any_text_survives_unchanged,
        pages_end_where_the_room_ends,
        pages_end_where_they_have_enough_bytes,
        a_room_that_does_not_exist_has_an_empty_page,
        a_page_for_somebody_is_for_who_is_in_the_room,
        rooms_stay_dense_when_many_write_at_once,
        a_large_batch_is_one_batch,
        a_message_keeps_its_parent_and_its_kind,
        a_message_is_found_wherever_it_was_said;
    live:
        a_live_room_is_made_once,
        the_members_of_a_live_room_are_those_of_its_chat,
        a_live_room_is_in_no_list,
        messages_of_a_live_room_are_its_own,
        a_live_room_goes_with_its_chat,
        a_room_with_the_id_of_a_live_room_is_none,
        what_an_owner_last_said_of_a_session_is_kept;
    inbox:
        whatever_is_put_in_an_inbox_comes_back,
        an_inbox_is_numbered_without_holes,
        an_inbox_stays_dense_when_many_write_at_once,
        an_unknown_person_has_no_inbox,
        old_entries_are_let_go_and_their_numbers_with_them,
        what_waits_waits_until_it_was_delivered,
        what_waits_is_kept_however_old_it_is,
        what_waits_is_read_in_portions_and_by_kind,
        a_direct_message_is_stored_while_both_are_in_its_room;
    jobs:
        a_job_is_kept_as_it_stands,
        a_deleted_job_leaves_nothing,
        a_job_of_an_unknown_owner_changes_nothing,
        jobs_are_listed_newest_first;
    notifications:
        notifications_are_listed_newest_first,
        notifications_are_read_once,
        notifications_that_were_read_wait_no_more,
        a_notification_that_comes_again_is_listed_once,
        old_notifications_are_let_go_but_not_for_other_things;
    quotas:
        whoever_left_for_good_is_not_added,
        rooms_that_a_user_owns_are_counted,
        strangers_are_those_who_share_no_room,
        jobs_that_run_are_counted;
}
