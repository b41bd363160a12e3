//! What became of the changes of one file, in as little memory as a large file allows.

use std::collections::{HashMap, HashSet};

use merge::{Action, Cells, Change, Namesake, Outcome, Scope, TableId, Verdict};
use model::{Gid, Rev, Stamp, Value};
use replica::codec::Stored as _;

/// Everything that is still asked for after the rows were written.
#[derive(Default)]
pub(super) struct Merged {
    /// One a change, in the order of the changes.
    pub ends: Vec<End>,
    /// How the hub now has the rows that the changes touched.
    now: HashMap<Gid, Now>,
    refused: HashSet<Gid>,
    deleted: HashSet<Gid>,
}

/// The end of one change.
pub(super) struct End {
    pub table: TableId,
    pub gid: Gid,
    pub wish: Wish,
    pub verdict: Verdict,
    /// Whether any row changed.
    pub wrote: bool,
    pub conflicts: usize,
    pub repaired: bool,
    pub namesakes: Vec<Namesake>,
}

/// Which row a change is about, and what it is to do with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim {
    pub table: TableId,
    pub gid: Gid,
    pub wish: Wish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Insert,
    Update,
    Delete,
}

impl Aim {
    pub fn of(change: &Change) -> Self {
        let wish = match change.action {
            Action::Insert(_) => Wish::Insert,
            Action::Update(_) => Wish::Update,
            Action::Delete { .. } => Wish::Delete,
        };
        Self { table: change.table, gid: change.gid, wish }
    }
}

struct Now {
    rev: Rev,
    /// `None`: it is dead.
    cells: Option<[u8; 16]>,
    became: Option<Gid>,
}

impl Merged {
    /// Takes in what became of further changes.
    pub fn add(&mut self, aims: &[Aim], outcomes: Vec<(Stamp, Rev, Outcome)>, scope: &Scope) {
        for (aim, (_, _, outcome)) in aims.iter().zip(outcomes) {
            let end = end(*aim, outcome);
            match (end.wish, &end.verdict) {
                (Wish::Delete, _) => _ = self.deleted.insert(end.gid),
                (_, Verdict::Refused(_)) => _ = self.refused.insert(end.gid),
                _ => {}
            }
            self.ends.push(end);
        }
        for row in scope.rows() {
            let cells = row.lives().then(|| hash(&row.cells));
            self.now.insert(row.gid, Now { rev: row.rev, cells, became: row.became() });
        }
    }

    /// The row that goes by this identity today.
    pub fn today(&self, mut gid: Gid) -> Gid {
        while let Some(next) = self.now.get(&gid).and_then(|now| now.became) {
            gid = next;
        }
        gid
    }

    /// `None`: no change touched the row. Otherwise its rev if it lives and has exactly these cells.
    pub fn rev_of(&self, gid: Gid, cells: &Cells) -> Option<Option<Rev>> {
        let now = self.now.get(&gid)?;
        Some((now.cells == Some(hash(cells))).then_some(now.rev))
    }

    pub fn was_refused(&self, gid: Gid) -> bool {
        self.refused.contains(&gid)
    }

    /// Whether a change was to delete it.
    pub fn was_deleted(&self, gid: Gid) -> bool {
        self.deleted.contains(&gid)
    }
}

fn end(Aim { table, gid, wish }: Aim, outcome: Outcome) -> End {
    // What is refused is told to whoever decides: to its sender the number would tell what the row says.
    let is_refused = matches!(outcome.verdict, Verdict::Refused(_));
    End {
        table,
        gid,
        wish,
        wrote: !outcome.written.is_empty(),
        conflicts: if is_refused { 0 } else { outcome.conflicts.len() },
        repaired: outcome.repaired.is_some(),
        verdict: outcome.verdict,
        namesakes: outcome.namesakes,
    }
}

/// Cells that differ have different hashes. Equal ones have one, but for numbers beyond [`EXACT_MAX`] in two forms: then
/// the hub's row counts as not seen, which loses nothing.
fn hash(cells: &Cells) -> [u8; 16] {
    let whole = |cell: &Option<Value>| cell.as_ref().is_some_and(|value| plain(value).is_some());
    let bytes = if cells.iter().any(whole) {
        let plain = |value: &Value| plain(value).unwrap_or_else(|| value.clone());
        cells.iter().map(|cell| cell.as_ref().map(plain)).collect::<Cells>().encode()
    } else {
        cells.encode()
    };
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    hash
}

/// Up to here every whole number has its own floating-point one.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// 1.0 is 1; `None` for what is plain already.
#[expect(clippy::cast_possible_truncation, reason = "only what is whole and small enough")]
fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::Real(number) if number.fract() == 0.0 && number.abs() < EXACT_MAX => {
            Some(Value::Int(*number as i64))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_has_one_hash_and_what_is_not_has_another() {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        let cells = [
            vec![Some(Value::Int(1)), None],
            vec![None, Some(Value::Int(1))],
            vec![Some(Value::Int(1)), Some(Value::Null)],
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
        ];
        for (at, one) in cells.iter().enumerate() {
            for (other_at, other) in cells.iter().enumerate() {
                assert_eq!(hash(one) == hash(other), at == other_at, "{one:?} {other:?}");
            }
        }
        let real = |number| hash(&vec![Some(Value::Real(number)), None]);
        assert_eq!(real(1.0), hash(&cells[0]), "they are equal");
        assert_ne!(real(1e300), real(2e300));
        assert_ne!(real(0.5), real(0.25));
    }
}
