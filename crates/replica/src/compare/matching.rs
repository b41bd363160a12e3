//! Which rows of two files are the same row.

use std::{collections::HashMap, hash::Hash};

use merge::{Cells, Identity, LocalRow, Sameness, TableRules, natural_key, sameness};
use model::Value;

/// Whether two rows of one identity are one, by their numbers and in how many columns they differ.
type Fits = fn(Identity, usize) -> bool;

/// Places of a row in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    Both(usize, usize),
    First(usize),
    Second(usize),
}

impl Pair {
    pub(super) const fn both(self) -> [Option<usize>; 2] {
        match self {
            Self::Both(first, second) => [Some(first), Some(second)],
            Self::First(first) => [Some(first), None],
            Self::Second(second) => [None, Some(second)],
        }
    }
}

/// Among more rows of one identity than this, the likest is not looked for.
const CANDIDATES_MAX: usize = 50;

/// Every row of both files once. Rows are in global form.
///
/// **Order**: the first file's rows in their order, then those that only the second has.
pub(super) fn pair(rules: &TableRules, [first, second]: &[Vec<LocalRow>; 2]) -> Vec<Pair> {
    let (of_first, taken) = (vec![None; first.len()], vec![false; second.len()]);
    let mut matching = Matching { rules, first, second, of_first, taken };
    matching.by_content();
    matching.by_identity();
    matching.by_id();
    let Matching { of_first, taken, .. } = matching;
    let ours = of_first.into_iter().enumerate();
    let ours = ours.map(|(at, other)| other.map_or(Pair::First(at), |other| Pair::Both(at, other)));
    let theirs = taken.into_iter().enumerate().filter(|(_, taken)| !taken).map(|(at, _)| Pair::Second(at));
    ours.chain(theirs).collect()
}

/// Whether two cells are the same as far as both are known.
pub(super) fn agree(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

struct Matching<'a> {
    rules: &'a TableRules,
    first: &'a [LocalRow],
    second: &'a [LocalRow],
    /// The row of the second file.
    of_first: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl<'a> Matching<'a> {
    fn take(&mut self, at: usize, other: usize) {
        self.of_first[at] = Some(other);
        self.taken[other] = true;
    }

    /// Rows of the first file that have no partner yet.
    fn alone(&self) -> Vec<usize> {
        (0..self.first.len()).filter(|at| self.of_first[*at].is_none()).collect()
    }

    /// Rows of the second file that have no partner yet, in descending order.
    fn left<K: Eq + Hash>(&self, key: impl Fn(&'a LocalRow) -> Option<K>) -> HashMap<K, Vec<usize>> {
        let mut left: HashMap<K, Vec<usize>> = HashMap::new();
        for (at, row) in self.second.iter().enumerate().rev().filter(|(at, _)| !self.taken[*at]) {
            if let Some(key) = key(row) {
                left.entry(key).or_default().push(at);
            }
        }
        left
    }

    /// Rows that say the very same.
    fn by_content(&mut self) {
        let mut left = self.left(|row| Some(&row.cells));
        for at in self.alone() {
            if let Some(other) = left.get_mut(&self.first[at].cells).and_then(Vec::pop) {
                self.take(at, other);
            }
        }
    }

    /// Rows of one identity: first those that agree in all that both files know, then those with an equal number that
    /// somebody gave, then the likest. Namesakes with different numbers are two people.
    fn by_identity(&mut self) {
        let mut left = self.left(|row| identity(self.rules, &row.cells));
        let agree: Fits = |_, differing| differing == 0;
        let numbered: Fits = |identity, _| identity == Identity::Equal;
        let likest: Fits = |identity, _| identity != Identity::Different;
        for fits in [agree, numbered, likest] {
            for at in self.alone() {
                let own = identity(self.rules, &self.first[at].cells);
                let Some(others) = own.and_then(|own| left.get_mut(&own)) else { continue };
                if let Some(place) = self.likest(at, others, fits) {
                    self.take(at, others.remove(place));
                }
            }
        }
    }

    /// The candidate that differs in the fewest columns, of those that fit.
    fn likest(&self, at: usize, others: &[usize], fits: Fits) -> Option<usize> {
        let ours = &self.first[at].cells;
        let near = others.iter().enumerate().rev().take(CANDIDATES_MAX);
        let differing = near.filter_map(|(place, other)| {
            let theirs = &self.second[*other].cells;
            let differing = differing(ours, theirs);
            fits(Identity::of(self.rules, ours, theirs), differing).then_some((place, differing))
        });
        differing.min_by_key(|(_, differing)| *differing).map(|(place, _)| place)
    }

    /// The same id **and** contents that speak of the same thing, as after a name was corrected; only where the files
    /// number their rows alike.
    fn by_id(&mut self) {
        let pairs = self.of_first.iter().enumerate().filter_map(|(at, other)| Some((at, (*other)?)));
        let (alike, otherwise): (Vec<_>, Vec<_>) =
            pairs.partition(|(at, other)| self.first[*at].id == self.second[*other].id);
        if alike.len() <= otherwise.len() {
            return;
        }
        let left = self.left(|row| Some(&row.id));
        for at in self.alone() {
            let row = &self.first[at];
            let Some([other]) = left.get(&row.id).map(Vec::as_slice) else { continue };
            if sameness(self.rules, &row.cells, &self.second[*other].cells) == Sameness::Same {
                self.take(at, *other);
            }
        }
    }
}

/// What a row is: its natural key, else what tells it. `None`: nothing does.
fn identity(rules: &TableRules, cells: &Cells) -> Option<Vec<Value>> {
    natural_key(rules, cells).or_else(|| {
        let told = rules.telling.iter().map(|column| cells[column.0].clone().unwrap_or(Value::Null));
        let told: Vec<Value> = told.collect();
        told.iter().any(|value| !value.is_null()).then_some(told)
    })
}

fn differing(a: &Cells, b: &Cells) -> usize {
    a.iter().zip(b).filter(|(a, b)| !agree(a.as_ref(), b.as_ref())).count()
}
