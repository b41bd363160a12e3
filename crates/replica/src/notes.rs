//! What a journal's notes say about the rows of a file.

use std::collections::BTreeSet;

use merge::{LocalId, TableId};
use model::Operation;

/// Where a row stands in a file.
pub type Place = (TableId, LocalId);

/// The rows that were updated since they were agreed on, and neither given up nor given anew: however much of them was
/// changed, they are the same ones. Of the `told` ones nothing is known, as what was done before they were told is noted no
/// more.
pub fn in_place<'a>(
    notes: impl IntoIterator<Item = (Place, Operation)>,
    told: impl IntoIterator<Item = &'a Place>,
) -> BTreeSet<Place> {
    let (mut updated, mut others) = (BTreeSet::new(), BTreeSet::new());
    for (place, operation) in notes {
        let rows = if operation == Operation::Update { &mut updated } else { &mut others };
        rows.insert(place);
    }
    others.extend(told.into_iter().cloned());
    updated.difference(&others).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_updated_and_nothing_else_holds_what_it_held() {
        let place = |table: usize, id: i64| (TableId(table), LocalId::Int(id));
        let notes = [
            (place(0, 1), Operation::Update),
            (place(0, 2), Operation::Update),
            (place(0, 2), Operation::Delete),
            (place(0, 3), Operation::Insert),
            (place(0, 3), Operation::Update),
            (place(0, 4), Operation::Update),
            (place(0, 5), Operation::Delete),
            (place(1, 2), Operation::Update),
            (place(1, 2), Operation::Update),
        ];
        let told = [place(0, 4), place(0, 9)];
        assert_eq!(in_place(notes, &told), BTreeSet::from([place(0, 1), place(1, 2)]));
    }
}
