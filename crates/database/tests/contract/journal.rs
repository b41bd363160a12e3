//! The journal: what others touch is noted, in their own transactions; what denk writes itself is not.

use database::{Begin, JournalStatus};
use model::{Change, DataType, Operation, TableRef};

use crate::{
    lab::{Lab, Made, quoted},
    rows::{NULL, Row, date, decimal, row, timestamp, uuid},
    types,
};

use Operation::{Delete, Insert, Update};

pub async fn install(lab: &mut Lab, made: &Made) {
    lab.session.journal_install(&made.table.name, &made.key_names()).await.unwrap();
}

pub async fn status(lab: &mut Lab, made: &Made) -> JournalStatus {
    lab.session.journal_status(&made.table.name, &made.key_names()).await.unwrap()
}

/// A journaled table `t(id, n)` with the row (1, 1).
pub async fn journaled(lab: &mut Lab) -> Made {
    let made = lab.make("t", &[("id", DataType::INT32), ("n", DataType::INT32)], &["id"]).await;
    lab.insert(&made, &[row![1, 1]]).await.unwrap();
    install(lab, &made).await;
    made
}

/// Takes all notes: what was done to which key.
pub async fn take(lab: &mut Lab, made: &Made) -> Vec<(Operation, Row)> {
    let notes = lab.session.journal_drain(1_000).await.unwrap();
    let ids: Vec<i64> = notes.iter().map(|note| note.id).collect();
    lab.session.journal_forget(&ids).await.unwrap();
    assert!(notes.iter().all(|note| note.table == made.table.name), "{notes:?}");
    notes.iter().map(|note| (note.operation, made.key_as_asked(&note.key))).collect()
}

async fn peek(lab: &mut Lab) -> Vec<Change> {
    lab.session.journal_drain(1_000).await.unwrap()
}

pub async fn what_others_do_is_noted(lab: &mut Lab) {
    let t = journaled(lab).await;
    assert_eq!(peek(lab).await, []);
    lab.execute("insert into t values (2, 2)").await;
    lab.execute("update t set n = 3 where id = 2").await;
    lab.execute("delete from t where id = 1").await;
    assert_eq!(take(lab, &t).await, [(Insert, row![2]), (Update, row![2]), (Delete, row![1])]);
    assert_eq!(peek(lab).await, []);
}

pub async fn a_statement_on_many_rows_notes_each(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("insert into t values (2, 2), (3, 3)").await;
    lab.execute("update t set n = n + 1 where id <> 2").await;
    lab.execute("delete from t").await;
    let mut notes = take(lab, &t).await;
    notes[..2].sort_by(|a, b| a.1.cmp(&b.1));
    notes[2..4].sort_by(|a, b| a.1.cmp(&b.1));
    notes[4..].sort_by(|a, b| a.1.cmp(&b.1));
    let expected =
        [(Insert, 2), (Insert, 3), (Update, 1), (Update, 3), (Delete, 1), (Delete, 2), (Delete, 3)];
    assert_eq!(notes, expected.map(|(operation, id)| (operation, row![id])));
}

pub async fn a_changed_key_is_a_delete_and_an_insert(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("update t set id = 5 where id = 1").await;
    let mut notes = take(lab, &t).await;
    notes.sort_by_key(|(operation, _)| operation.letter());
    assert_eq!(notes, [(Delete, row![1]), (Insert, row![5])]);

    let named = lab.make("named", &[("code", types::text(20)), ("n", DataType::INT32)], &["code"]).await;
    install(lab, &named).await;
    lab.insert_as_user(&named, &[row!["a", 1]]).await;
    take(lab, &named).await;
    // Equal to a careless comparison.
    lab.execute("update named set code = 'A' where code = 'a'").await;
    let mut notes = take(lab, &named).await;
    notes.sort_by_key(|(operation, _)| operation.letter());
    assert_eq!(notes, [(Delete, row!["a"]), (Insert, row!["A"])]);
}

pub async fn work_that_is_rolled_back_leaves_no_note(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("begin transaction").await;
    lab.execute("insert into t values (2, 2)").await;
    lab.execute("rollback").await;
    assert_eq!(peek(lab).await, []);
    lab.execute("begin transaction").await;
    lab.execute("insert into t values (3, 3)").await;
    lab.execute("commit").await;
    assert_eq!(take(lab, &t).await, [(Insert, row![3])]);
}

pub async fn own_writes_leave_no_note(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.upsert(&t, &[row![1, 9], row![2, 2]]).await.unwrap();
    lab.insert(&t, &[row![3, 3]]).await.unwrap();
    lab.savepoint_and_back(&t, &[row![4, 4]]).await;
    lab.delete(&t, &[row![2]]).await.unwrap();
    lab.session.commit().await.unwrap();
    assert_eq!(peek(lab).await, []);

    // The mark ends with the transaction, however it ends.
    lab.execute("insert into t values (10, 10)").await;
    assert_eq!(take(lab, &t).await, [(Insert, row![10])]);
    lab.insert_as_user(&t, &[row![11, 11]]).await;
    assert_eq!(take(lab, &t).await, [(Insert, row![11])]);
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![12, 12]]).await.unwrap();
    lab.session.rollback().await.unwrap();
    lab.insert_as_user(&t, &[row![12, 12]]).await;
    assert_eq!(take(lab, &t).await, [(Insert, row![12])]);
}

/// Going back to a savepoint that was set first thing must not take the mark away.
pub async fn own_writes_after_a_savepoint_leave_no_note(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.savepoint_and_back(&t, &[row![2, 2]]).await;
    lab.insert(&t, &[row![3, 3]]).await.unwrap();
    lab.session.commit().await.unwrap();
    assert_eq!(peek(lab).await, []);
}

pub async fn what_others_do_during_own_work_is_noted(lab: &mut Lab) {
    let t = journaled(lab).await;
    if !lab.engine.habits().concurrent_writers {
        return;
    }
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![2, 2]]).await.unwrap();
    lab.execute("insert into t values (3, 3)").await;
    lab.session.commit().await.unwrap();
    assert_eq!(take(lab, &t).await, [(Insert, row![3])]);
}

pub async fn notes_stay_until_they_are_forgotten(lab: &mut Lab) {
    let t = journaled(lab).await;
    for id in 2..=6 {
        lab.execute(&format!("insert into t values ({id}, 0)")).await;
    }
    let all = peek(lab).await;
    assert_eq!(all.len(), 5);
    assert_eq!(peek(lab).await, all);
    let first = lab.session.journal_drain(2).await.unwrap();
    assert_eq!(first, all[..2]);
    lab.session.journal_forget(&[all[0].id, all[3].id]).await.unwrap();
    assert_eq!(peek(lab).await, [all[1].clone(), all[2].clone(), all[4].clone()]);
    lab.session.journal_forget(&[all[0].id, all[3].id]).await.unwrap();
    lab.session.journal_forget(&[]).await.unwrap();
    assert_eq!(take(lab, &t).await.len(), 3);
}

/// Progress commits with the data: a forgetting that is rolled back forgot nothing.
pub async fn forgetting_belongs_to_the_transaction(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("insert into t values (2, 2)").await;
    lab.session.begin(Begin::Own).await.unwrap();
    assert_eq!(take(lab, &t).await.len(), 1);
    assert_eq!(peek(lab).await, []);
    lab.session.rollback().await.unwrap();
    assert_eq!(take(lab, &t).await, [(Insert, row![2])]);
}

pub async fn many_notes_are_forgotten_at_once(lab: &mut Lab) {
    let t = journaled(lab).await;
    let rows: Vec<Row> = (10..5_010).map(|n| row![n, n]).collect();
    lab.insert_as_user(&t, &rows).await;
    let notes = lab.session.journal_drain(10_000).await.unwrap();
    assert_eq!(notes.len(), 5_000);
    assert!(notes.is_sorted_by(|a, b| a.id < b.id));
    let ids: Vec<i64> = notes.iter().map(|note| note.id).collect();
    lab.session.journal_forget(&ids).await.unwrap();
    assert_eq!(peek(lab).await, []);
}

/// A note that commits late is not skipped because later ones were read before it.
pub async fn a_note_that_commits_late_is_read_late(lab: &mut Lab) {
    let t = journaled(lab).await;
    if !lab.engine.habits().concurrent_writers {
        return;
    }
    lab.execute("begin transaction").await;
    lab.execute("insert into t values (2, 2)").await;
    let mut third = lab.engine.connect().await;
    third.try_execute("insert into t values (3, 3)").await.unwrap();
    assert_eq!(take(lab, &t).await, [(Insert, row![3])]);
    lab.execute("commit").await;
    assert_eq!(take(lab, &t).await, [(Insert, row![2])]);
}

/// Keys of every type come back as the values they are.
pub async fn keys_of_every_type_come_back(lab: &mut Lab) {
    let hostile = [
        "",
        " a ",
        "a|b",
        "it's",
        "\"q\"",
        "{\"k\":1}",
        "ığüşöçİ",
        "😀",
        "line\nbreak\ttab",
        "back\\slash",
        "1",
        "null",
        ",",
    ];
    let keys = [
        (DataType::INT64, row![i64::MIN, -1, 0, i64::MAX, 9_007_199_254_740_993_i64]),
        (types::text(40), hostile.map(|text| model::Value::Text(text.into())).to_vec()),
        (
            DataType::Uuid,
            row![uuid("00000000-0000-0000-0000-000000000000"), uuid("0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee")],
        ),
        (DataType::DATE, ["0001-01-01", "2026-01-31", "9999-12-31"].map(date).to_vec()),
        (types::timestamps(6), ["2026-01-31 09:05:07.000001", "0001-01-01 00:00"].map(timestamp).to_vec()),
        (
            DataType::Decimal(Some((38, 10))),
            ["-1.5", "0.0000000001", "9999999999999999999999999999.9999999999"].map(decimal).to_vec(),
        ),
        (DataType::Bytes { max: Some(20) }, row![&[0_u8, 255, 0][..], &b"abc"[..]]),
        (DataType::Bool, row![true, false]),
    ];
    for (data_type, values) in keys {
        let made = lab.make("keyed", &[("k", data_type.clone()), ("n", DataType::INT32)], &["k"]).await;
        install(lab, &made).await;
        let rows: Vec<Row> = values.iter().map(|value| row![value.clone(), 0]).collect();
        lab.insert_as_user(&made, &rows).await;
        lab.execute("update keyed set n = 1").await;
        lab.execute("delete from keyed").await;
        let mut notes = take(lab, &made).await;
        notes.sort_by(|a, b| (a.0.letter(), &a.1).cmp(&(b.0.letter(), &b.1)));
        let mut sorted = values.clone();
        sorted.sort();
        let expected = [Delete, Insert, Update]
            .into_iter()
            .flat_map(|op| sorted.iter().map(move |value| (op, vec![value.clone()])));
        assert_eq!(notes, expected.collect::<Vec<_>>(), "{data_type:?}");
        lab.session.journal_remove(&made.table.name).await.unwrap();
        lab.execute("drop table keyed").await;
    }
}

pub async fn composite_keys_come_back_in_the_keys_order(lab: &mut Lab) {
    let columns =
        [("name", types::text(20)), ("day", DataType::DATE), ("no", DataType::INT64), ("n", DataType::INT32)];
    let made = lab.make("keyed", &columns, &["no", "day", "name"]).await;
    install(lab, &made).await;
    lab.insert_as_user(&made, &[row!["a|1", date("2026-01-31"), 7, 0]]).await;
    let key = row![7, date("2026-01-31"), "a|1"];
    assert_eq!(take(lab, &made).await, [(Insert, key.clone())]);
    lab.execute("update keyed set name = 'b'").await;
    let mut notes = take(lab, &made).await;
    notes.sort_by_key(|(operation, _)| operation.letter());
    assert_eq!(notes, [(Delete, key), (Insert, row![7, date("2026-01-31"), "b"])]);
}

/// A table without a primary key, journaled by columns that tell its rows apart.
pub async fn any_columns_can_be_the_key(lab: &mut Lab) {
    let mut made = lab.make("keyed", &[("code", types::text(20)), ("n", DataType::INT32)], &[]).await;
    made.key = vec![0];
    install(lab, &made).await;
    assert_eq!(status(lab, &made).await, JournalStatus::Complete);
    lab.execute("insert into keyed values ('x', 1)").await;
    assert_eq!(take(lab, &made).await, [(Insert, row!["x"])]);
}

/// NULL is a value of the key like any other: what it changes to is another row.
pub async fn a_key_that_becomes_null_or_was_it_is_noted(lab: &mut Lab) {
    let mut made = lab.make("keyed", &[("code", types::text(20)), ("n", DataType::INT32)], &[]).await;
    made.key = vec![0];
    install(lab, &made).await;
    lab.execute("insert into keyed values ('x', 1)").await;
    lab.execute("update keyed set code = null").await;
    lab.execute("update keyed set code = 'y'").await;
    let steps = [
        (Insert, row!["x"]),
        (Delete, row!["x"]),
        (Insert, row![NULL]),
        (Delete, row![NULL]),
        (Insert, row!["y"]),
    ];
    assert_eq!(take(lab, &made).await, steps);
}

/// A user who knows nothing of denk and may touch nothing but the table.
pub async fn others_need_no_rights_on_the_journal(lab: &mut Lab) {
    let t = journaled(lab).await;
    let name = format!("stranger{}", model::Uuid::now_v7().simple());
    let [comes, goes] = lab.engine.habits().stranger;
    let fill = |script: &str| script.replace("{stranger}", &name).replace("{table}", &quoted("t"));
    lab.run_script(&fill(comes)).await;
    let done = lab.foreign.try_execute("update t set n = 7 where id = 1").await;
    lab.run_script(&fill(goes)).await;
    done.unwrap();
    assert_eq!(take(lab, &t).await, [(Update, row![1])]);
}

/// The user's own triggers see what they always saw.
pub async fn triggers_of_the_user_still_work(lab: &mut Lab) {
    let made = lab.make("watched", &[("id", DataType::INT32), ("n", DataType::INT32)], &["id"]).await;
    lab.run_script(lab.engine.habits().watch).await;
    install(lab, &made).await;
    lab.execute("insert into watched values (1, 1)").await;
    assert_eq!(lab.count("writes").await, 1);
    assert_eq!(take(lab, &made).await, [(Insert, row![1])]);
    lab.session.journal_remove(&made.table.name).await.unwrap();
    lab.execute("delete from watched").await;
    assert_eq!(lab.count("writes").await, 2);
}

pub async fn the_journal_is_listed_nowhere_as_a_users_table(lab: &mut Lab) {
    journaled(lab).await;
    let tables = lab.session.tables().await.unwrap();
    let names: Vec<&str> =
        tables.iter().map(|table| table.name.as_str()).filter(|name| !name.starts_with("denk_")).collect();
    assert_eq!(names, ["t"]);
}

pub async fn notes_of_a_table_that_is_gone_do_no_harm(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("insert into t values (2, 2)").await;
    lab.execute("drop table t").await;
    let _ = lab.session.journal_drain(10).await.unwrap();
    lab.session.journal_remove(&TableRef { ..t.table.name.clone() }).await.unwrap();
    assert_eq!(lab.session.journal_drain(10).await.unwrap(), []);
}
