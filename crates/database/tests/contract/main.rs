//! The connector contract, executable: every case runs against every engine.
//!
//! A case is an async function that gets a [`lab::Lab`]: a database of its own, a session on it, and a connection of
//! another program. [`contract!`] lists all cases; each becomes a test of each engine's module (`sqlite::...`,
//! `postgres::...`, `mssql::...`). A case that is not listed is dead code, which the compiler reports.
//!
//! A new engine is one file in `engine/` and one module below; see `docs/howto/add-a-connector.md`.
#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their helpers")]

mod digest;
mod engine;
mod errors;
mod introspect;
mod journal;
mod journal_upkeep;
mod journey;
mod lab;
mod locks;
mod names;
mod read;
mod refusals;
mod rows;
mod transactions;
mod types;
mod values;
mod volume;
mod write;

macro_rules! tests {
    ($engine:ty; $($topic:ident: $($case:ident)*;)*) => {
        $($(
            #[test]
            fn $case() {
                crate::lab::run::<$engine>(crate::$topic::$case);
            }
        )*)*

        #[test]
        fn the_suite_has_cases() {
            let cases = [$($(stringify!($case)),*),*];
            crate::lab::report::<$engine>(&cases);
        }
    };
}

macro_rules! contract {
    ($engine:ty) => {
        tests! { $engine;
            write:
                apply_is_idempotent
                an_insert_says_how_many_it_added
                nothing_to_write_is_no_error
                equal_rows_are_left_alone
                differences_that_comparisons_hide_are_written
                bytes_that_differ_only_in_zeros_are_written
                a_zero_that_changes_its_sign_is_written
                an_empty_text_is_not_null
                columns_for_new_rows_only_are_kept
                columns_that_are_not_named_are_left_alone
                a_table_of_keys_alone_is_written
                composite_keys_tell_rows_apart
                text_keys_that_look_alike_stay_apart
                a_key_repeated_in_an_insert_adds_nothing
                an_insert_over_an_existing_row_adds_nothing
                a_null_in_the_key_is_refused
                rules_of_the_table_are_obeyed_and_named
                a_row_that_is_refused_takes_its_batch_with_it
                a_parent_that_is_needed_is_not_deleted
                numbered_and_defaulted_columns_are_filled_when_left_out
                writing_into_a_missing_table_says_so;
            volume:
                more_parameters_than_a_statement_takes
                many_keys_are_deleted_at_once
                tables_as_wide_as_the_database_allows
                one_column_too_many_is_refused
                large_cells_arrive_whole;
            values:
                numbers_survive
                texts_and_bytes_survive
                dates_and_times_survive
                cells_without_a_type_survive
                extremes_survive;
            refusals:
                what_does_not_fit_the_target_is_set_aside
                a_nul_is_set_aside_where_the_target_has_none
                a_null_is_set_aside_where_one_is_not_allowed
                texts_that_mean_null_do_so_only_where_it_is_said
                rows_set_aside_do_not_end_the_reading
                rows_without_a_usable_key_are_set_aside
                what_the_table_cannot_hold_is_refused_and_the_others_stay
                columns_come_in_the_order_asked_for;
            read:
                pages_give_every_row_in_key_order
                composite_keys_page_by_all_their_columns
                bounds_cut_between_rows
                the_last_page_says_so
                pages_are_bounded_in_bytes
                without_a_key_everything_comes_at_once
                equal_keys_stand_together
                conditions_choose_rows
                queries_and_views_are_read_like_tables
                what_is_missing_is_named
                rows_without_a_key_are_found_by_their_place;
            names:
                hostile_names_are_only_names
                names_are_as_long_as_the_database_allows
                long_names_that_begin_alike_stay_apart
                a_name_means_exactly_one_table
                tables_in_other_schemas_are_found_there;
            introspect:
                a_table_is_described_as_it_is
                keys_are_told_in_their_own_order
                references_between_tables_are_told
                triggers_and_views_are_told
                tables_and_views_are_listed_by_name
                a_missing_table_is_missing
                native_types_are_read_exactly
                a_made_table_is_as_it_was_promised
                making_a_table_twice_changes_nothing
                added_columns_are_added_once
                a_table_changed_by_others_is_seen_as_it_is
                a_querys_columns_are_told;
            transactions:
                a_rollback_leaves_nothing
                a_commit_shows_everything_at_once
                a_session_that_is_dropped_leaves_nothing
                a_savepoint_keeps_what_came_before_it
                after_a_refusal_work_goes_on_from_the_savepoint
                after_a_refusal_a_rollback_makes_the_session_whole
                a_refusal_outside_a_transaction_leaves_none_open
                a_reading_transaction_sees_one_moment
                tables_made_in_a_transaction_go_with_it
                the_clock_is_the_databases_and_runs
                the_server_says_what_it_is
                a_session_moves_between_tasks;
            locks:
                a_lock_shuts_others_out_until_the_transaction_ends
                a_lock_survives_a_savepoint
                other_names_are_other_locks
                a_lock_that_is_freed_goes_to_who_waits
                a_row_of_another_program_is_waited_for_and_then_busy
                a_database_locked_as_a_whole_is_busy;
            journal:
                what_others_do_is_noted
                a_statement_on_many_rows_notes_each
                a_changed_key_is_a_delete_and_an_insert
                work_that_is_rolled_back_leaves_no_note
                own_writes_leave_no_note
                own_writes_after_a_savepoint_leave_no_note
                what_others_do_during_own_work_is_noted
                notes_stay_until_they_are_forgotten
                forgetting_belongs_to_the_transaction
                many_notes_are_forgotten_at_once
                a_note_that_commits_late_is_read_late
                keys_of_every_type_come_back
                composite_keys_come_back_in_the_keys_order
                any_columns_can_be_the_key
                a_key_that_becomes_null_or_was_it_is_noted
                others_need_no_rights_on_the_journal
                triggers_of_the_user_still_work
                the_journal_is_listed_nowhere_as_a_users_table
                notes_of_a_table_that_is_gone_do_no_harm;
            journal_upkeep:
                a_journal_is_absent_then_complete_then_absent
                installing_again_keeps_the_notes
                a_dropped_trigger_is_missed_and_repaired
                a_table_made_anew_is_not_taken_for_journaled
                another_key_makes_the_journal_doubtful
                the_journals_table_is_missed_too
                removing_leaves_nothing_behind
                installing_belongs_to_the_transaction;
            digest:
                equal_tables_have_equal_fingerprints
                a_change_shows_in_its_segment_alone
                values_that_swap_their_places_show
                a_new_column_changes_every_segment
                an_empty_table_has_no_segments
                tables_without_a_number_for_key_are_right_too;
            journey:
                rows_survive_a_journey_through_the_others;
            errors:
                what_cannot_be_opened_says_why
                a_broken_connection_is_told;
        }
    };
}

#[cfg(feature = "sqlite")]
mod sqlite {
    contract!(crate::engine::sqlite::Sqlite);
}

#[cfg(feature = "postgres")]
mod postgres {
    contract!(crate::engine::postgres::Postgres);
}

#[cfg(feature = "mssql")]
mod mssql {
    contract!(crate::engine::mssql::Mssql);
}
