//! The rules every store is held to, each a test.
//!
//! A store's crate writes `store::conformance!(MyFactory::new);` in a test file and gets one `#[test]` per rule. The
//! factory opens the same data again, so that every rule can be checked across a restart.

#![allow(clippy::unwrap_used, reason = "a rule that is broken panics: this is test code for other crates' tests")]

mod commits;
pub mod copies;
mod erasing;
mod everybody;
mod identity;
pub mod model;
mod past;
pub mod people;
mod rows;
pub mod rules;
mod timeline;
mod withdrawn;

use crate::{Load, Store};

/// Opens one set of data, again and again.
pub trait Factory {
    /// Opens the store. The one opened before is dropped by then.
    fn open(&mut self) -> Box<dyn Store>;

    /// Begins to fill the data, which is empty: nothing was opened yet.
    fn load(&mut self) -> Box<dyn Load>;
}

/// One `#[test]` per rule for the factory that an expression makes: `store::conformance!(SledFactory::new());`.
#[macro_export]
macro_rules! conformance {
    ($factory:expr) => {
        $crate::conformance!(@each $factory;
            a_stale_or_foreign_base_is_refused_whole
            a_refused_commit_changes_nothing
            answers_come_in_order_and_only_when_readable
            an_answer_may_commit_again
            what_was_answered_is_there_after_a_restart
            records_are_put_replaced_deleted_and_listed_by_key
            inbox_rows_are_added_replaced_parked_and_done
            outbox_rows_keep_their_order
            calls_are_added_replaced_and_done
            seen_keys_are_bounded_by_age_and_number
            transcripts_page_by_number_within_one_conversation
            a_transcript_line_out_of_order_is_refused
            journey_and_events_page_newest_first
            a_journey_is_filtered_and_paged_by_place
            a_journey_names_nobody_who_was_erased
            events_that_are_withdrawn_keep_their_places_and_say_nothing
            addresses_lead_to_one_person
            an_address_moves_when_it_was_dropped
            an_address_moves_between_the_people_of_one_commit
            several_people_change_together_or_not_at_all
            who_was_merged_is_read_through
            people_page_in_id_order
            active_people_are_found
            a_scan_gives_everybody_with_their_events
            large_and_odd_values_come_back_as_they_were
            what_could_not_be_read_back_is_refused
            every_record_of_every_table_is_given
            who_is_erased_is_gone_whole_and_their_address_is_free
            a_compaction_changes_nothing_that_lives
            a_frozen_store_is_of_one_moment
            what_is_noted_at_the_moment_belongs_to_it
            a_closed_store_refuses
        );
        #[test]
        fn random_commits_and_restarts_equal_the_naive_model() {
            $crate::conformance::model::run(&mut || Box::new($factory) as Box<dyn $crate::conformance::Factory>);
        }
    };
    (@each $factory:expr; $($rule:ident)*) => {$(
        #[test]
        fn $rule() {
            $crate::conformance::rules::$rule(&mut $factory);
        }
    )*};
}
