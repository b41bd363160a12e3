//! Columns that an office's file has got, or got back: what was typed there, nobody has seen what others say.

use model::Value;
use replica::wire::{Cell, Change, End};

use crate::{
    agents::{NOW_MS, batch, employee, ends, gid, push, text, update},
    lab::{Lab, on_both},
    mirror::fetched,
};

/// Cells with two values, and what stands there.
async fn conflicts(lab: &Lab) -> Vec<String> {
    let kept = lab.store.conflicts().await.unwrap();
    let told = kept.iter().map(|kept| {
        let [stands, other] = [&kept.winner, &kept.loser].map(|side| side.value.clone().unwrap_or_default());
        format!("{} {} {stands} {other}", kept.row, kept.column.as_deref().unwrap_or(""))
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

on_both! {
    async fn a_column_that_was_not_seen_is_a_conflict_of_its_own(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let people = (1..=3).map(|number| {
            let mut person = employee(number, &format!("Kişi {number}"), "Ankara");
            person.insert.iter_mut().for_each(|cells| {
                let title = if number == 2 { Cell(Value::Null) } else { text("Usta") };
                cells.insert("title".to_owned(), title);
                cells.insert("department".to_owned(), text("Eski"));
            });
            person
        });
        let head = push(&lab, &b, batch(1, 0, people.collect())).await.to;
        let emptied = update("employees", (gid(3), 3), [("title", Cell(Value::Null))]);
        let at = |before_ms, change| Change { at: (NOW_MS - before_ms, 0), ..change };
        let head = push(&lab, &b, batch(2, head, vec![at(900, emptied)])).await.to;
        // Of its titles it has seen nothing, of the rest all that there is.
        let typed = [1_u128, 2, 3].into_iter().flat_map(|number| {
            let title = update("employees", (gid(number), 0), [("title", text("Kalfa"))]);
            let rest = update("employees", (gid(number), head), [("department", text("Depo"))]);
            [at(500, title), at(400, rest)]
        });
        let pushed = push(&lab, &a, batch(1, head, typed.collect())).await;
        assert_eq!(ends(&pushed), [End::Merged, End::Taken].repeat(3));
        assert_eq!(conflicts(&lab).await, [r#"Kişi 1 title "Kalfa" "Usta""#, r#"Kişi 3 title "Kalfa" null"#]);
        let rows = fetched(&lab, &b, 0).await;
        for number in 1..=3 {
            let row = rows.row("employees", gid(number).uuid());
            assert_eq!((&row["title"], &row["department"]), (&text("Kalfa"), &text("Depo")), "{number}");
        }
    }
}
