//! The rules, each a function that panics where a store breaks it; one file each for what they are about.

pub use super::commits::{
    a_closed_store_refuses, a_refused_commit_changes_nothing, a_stale_or_foreign_base_is_refused_whole, an_answer_may_commit_again,
    answers_come_in_order_and_only_when_readable, large_and_odd_values_come_back_as_they_were, what_could_not_be_read_back_is_refused,
    what_was_answered_is_there_after_a_restart,
};
pub use super::copies::{a_frozen_store_is_of_one_moment, what_is_noted_at_the_moment_belongs_to_it};
pub use super::erasing::{a_compaction_changes_nothing_that_lives, who_is_erased_is_gone_whole_and_their_address_is_free};
pub use super::everybody::{a_scan_gives_everybody_with_their_events, active_people_are_found, people_page_in_id_order};
pub use super::identity::{
    addresses_lead_to_one_person, an_address_moves_between_the_people_of_one_commit, an_address_moves_when_it_was_dropped,
    several_people_change_together_or_not_at_all, who_was_merged_is_read_through,
};
pub use super::past::{
    a_transcript_line_out_of_order_is_refused, journey_and_events_page_newest_first, transcripts_page_by_number_within_one_conversation,
};
pub use super::rows::{
    calls_are_added_replaced_and_done, every_record_of_every_table_is_given, inbox_rows_are_added_replaced_parked_and_done,
    outbox_rows_keep_their_order, records_are_put_replaced_deleted_and_listed_by_key, seen_keys_are_bounded_by_age_and_number,
};
pub use super::timeline::{a_journey_is_filtered_and_paged_by_place, a_journey_names_nobody_who_was_erased};
pub use super::withdrawn::events_that_are_withdrawn_keep_their_places_and_say_nothing;
