//! The store contract: one suite of tests for the store in memory and the one on disk. What only a file can get wrong, and
//! accounts, have files of their own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should panic"
)]

mod accounts;
mod backups;
mod cached_accounts;
mod changes;
mod check;
mod database_file;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod inbox;
mod jobs;
mod live;
mod messages;
mod model;
mod notifications;
mod older_versions;
mod own_sign_ins;
mod quotas;
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
        a_room_is_returned_as_created,
        a_taken_id_creates_no_room,
        an_unknown_user_creates_no_room,
        a_room_is_renamed,
        a_deleted_room_leaves_nothing,
        the_id_of_a_deleted_room_is_not_reused,
        users_are_added_once,
        an_unknown_user_prevents_the_whole_addition,
        a_member_who_leaves_may_return,
        the_longest_member_becomes_owner_of_a_room_without_one,
        read_markers_never_fall_and_never_pass_the_head,
        rooms_are_listed_by_their_newest_message_then_by_id,
        the_list_of_rooms_is_paged,
        messages_of_others_count_as_unread_up_to_the_limit,
        a_preview_is_cut_between_characters;
    messages:
        numbers_are_dense_and_ordered,
        a_draft_sent_again_keeps_its_number,
        a_draft_twice_in_one_batch_is_one_message,
        a_draft_sent_twice_at_once_is_one_message,
        a_draft_belongs_to_its_author_and_its_room,
        an_unknown_room_or_author_appends_nothing,
        any_text_survives_unchanged,
        pages_end_at_the_end_of_the_room,
        pages_are_limited_in_bytes,
        a_room_that_does_not_exist_has_an_empty_page,
        a_page_for_a_user_requires_membership,
        concurrent_writes_leave_no_gaps_in_a_room,
        a_large_batch_is_appended_as_one,
        a_message_keeps_its_parent_and_its_kind,
        a_message_is_found_by_its_id_in_any_room;
    changes:
        changes_are_numbered_densely,
        each_change_has_a_record,
        a_change_sent_again_keeps_its_number,
        a_change_draft_belongs_to_one_change,
        a_change_without_effect_takes_no_number,
        a_refused_change_changes_nothing,
        an_unknown_room_or_author_changes_nothing,
        an_edit_keeps_the_earlier_texts,
        earlier_texts_are_bounded_in_number_and_in_bytes,
        an_edit_of_an_older_text_is_a_conflict,
        a_deleted_message_has_its_number_and_no_content,
        reactions_are_in_the_order_in_which_they_came,
        kinds_of_reactions_and_pins_are_bounded,
        changed_messages_are_paged_by_their_last_change;
    live:
        a_live_room_is_created_once,
        the_members_of_a_live_room_are_those_of_its_chat,
        a_live_room_is_never_listed,
        a_live_room_has_its_own_messages,
        a_live_room_is_deleted_with_its_chat,
        a_group_with_the_id_of_a_live_room_is_no_live_room,
        the_latest_status_of_a_live_session_is_stored;
    inbox:
        every_kind_of_entry_is_returned_unchanged,
        entries_are_numbered_without_gaps,
        concurrent_writes_leave_no_gaps_in_an_inbox,
        an_unknown_user_has_no_inbox,
        old_entries_are_deleted_with_their_numbers,
        pending_entries_are_kept_until_delivery,
        pending_entries_are_kept_at_any_age,
        pending_entries_are_read_in_batches_and_by_kind,
        a_direct_message_requires_both_users_in_its_room;
    jobs:
        a_job_is_stored_in_its_latest_state,
        a_deleted_job_leaves_nothing,
        a_job_of_an_unknown_owner_changes_nothing,
        jobs_are_listed_newest_first;
    notifications:
        notifications_are_listed_newest_first,
        notifications_are_read_once,
        read_notifications_are_no_longer_pending,
        a_repeated_notification_is_listed_once,
        notifications_are_displaced_only_by_notifications;
    quotas:
        a_user_who_left_for_good_is_not_added,
        owned_rooms_are_counted,
        users_without_a_shared_room_are_new_contacts,
        running_jobs_are_counted;
}
