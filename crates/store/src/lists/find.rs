//! A page of a list: what was asked for, in order.

use std::cmp::Ordering;

use model::Gid;

use super::{
    column::{self, Column, LAST},
    letters,
    pages::{ListPage, PageColumn},
    scope::{Line, Named, Scope},
    shelf::Shelf,
};

/// Words that are looked for; more are not.
const WORDS_MAX: usize = 8;
const SEARCH_CHARS_MAX: usize = 100;
/// Months that can be chosen, the newest.
const MONTHS_MAX: usize = 120;
/// The name under which the region is ordered by.
const REGION: &str = "region";

/// What somebody asks of a list. What the list does not have (a column, a state) is as if it were not asked for; a region,
/// a month or a row that nobody has, or that the viewer does not see, has no rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub search: String,
    pub region: Option<String>,
    /// `2026-01`
    pub month: Option<String>,
    /// A choice's name.
    pub state: Option<String>,
    /// Rows that refer to this one.
    pub of: Option<String>,
    /// A column's name, or `region`.
    pub sort: Option<String>,
    pub descending: bool,
    /// From 1; one behind the last is the last.
    pub page: usize,
    /// **Shape**: what is more than [`Asked::ROWS_MAX`] is that.
    pub rows: usize,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Up to this change it is so.
    pub rev: i64,
    pub lines: Vec<Line>,
    /// Of the first line, from 1; 0 where there is none.
    pub first: usize,
    pub total: usize,
    pub page: usize,
    pub pages: usize,
    /// What can be chosen; empty where there is no choice.
    pub regions: Vec<String>,
    /// Newest first.
    pub months: Vec<String>,
    /// The row that was asked for, if it is seen.
    pub of: Option<Named>,
    /// As it was carried out: a column's name, and whether downwards.
    pub sort: (String, bool),
    /// By their places: columns that the viewer cannot order by.
    pub unordered: Vec<usize>,
}

impl Asked {
    pub const ROWS_MAX: usize = 50;
}

impl<'a> Scope<'a> {
    /// A page of a list of the preset.
    pub fn list(&self, at: usize, asked: &Asked) -> Option<Listed> {
        let list = self.pages.all().get(at)?;
        let shelf = self.index.shelf(list.table)?;
        let mut rows = self.matching(list, shelf, asked);
        let sort = self.sort(list, asked);
        let total = rows.len();
        let size = asked.rows.clamp(1, Asked::ROWS_MAX);
        let pages = total.div_ceil(size).max(1);
        let page = asked.page.clamp(1, pages);
        let first = (page - 1) * size;
        let range = first..(first + size).min(total);
        Order::of(self, (list, shelf), &sort).take(&mut rows, range.clone());
        Some(Listed {
            rev: self.index.rev(),
            lines: rows[range].iter().map(|row| self.line(list, shelf, *row as usize)).collect(),
            first: if total == 0 { 0 } else { first + 1 },
            total,
            page,
            pages,
            regions: if self.is_of_one_region() { Vec::new() } else { self.regions(shelf) },
            months: self.months(list, shelf),
            of: asked.of.as_deref().and_then(|gid| self.asked_for(list, gid)),
            sort,
            unordered: (0..list.columns.len()).filter(|at| !self.sees_whole(&list.columns[*at])).collect(),
        })
    }

    /// All rows that match, in order, told one after another: what an export writes.
    pub fn all(&self, at: usize, asked: &Asked, mut tell: impl FnMut(Line)) -> Option<usize> {
        let list = self.pages.all().get(at)?;
        let shelf = self.index.shelf(list.table)?;
        let mut rows = self.matching(list, shelf, asked);
        let every = 0..rows.len();
        Order::of(self, (list, shelf), &self.sort(list, asked)).take(&mut rows, every);
        rows.iter().for_each(|row| tell(self.line(list, shelf, *row as usize)));
        Some(rows.len())
    }

    /// Places of the rows that are seen and asked for.
    pub(super) fn matching(&self, list: &ListPage, shelf: &'a Shelf, asked: &Asked) -> Vec<u32> {
        let sieves = self.sieves(list, shelf, asked);
        let of_region = asked.region.as_deref().map(|region| self.owned_by(region));
        let words = self.words(list, shelf, &asked.search);
        let passes = |row: &usize| {
            of_region.as_ref().is_none_or(|of| of[shelf.owners[*row] as usize])
                && sieves.iter().all(|sieve| sieve.passes(*row))
                && words.iter().all(|columns| columns.iter().any(|sieve| sieve.passes(*row)))
        };
        self.rows(shelf).filter(passes).map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect()
    }

    fn sieves(&self, list: &ListPage, shelf: &'a Shelf, asked: &Asked) -> Vec<Sieve<'a>> {
        let mut sieves = Vec::new();
        if let (Some(at), Some(month)) = (list.month, &asked.month) {
            let column = shelf.column(list.columns[at].column.0);
            sieves.push(Sieve::new(column, |value| month_of(value) == Some(month)));
        }
        if let (Some(at), Some(state)) = (list.state, &asked.state)
            && let Some(choice) = list.columns[at].choices.iter().find(|choice| choice.name == *state)
        {
            sieves.push(Sieve::new(shelf.column(list.columns[at].column.0), |value| choice.holds(value)));
        }
        if let Some(of) = &asked.of {
            sieves.push(self.referring(list, shelf, of));
        }
        sieves
    }

    /// Rows that refer to a row that is seen; without such a one there are none.
    fn referring(&self, list: &ListPage, shelf: &'a Shelf, of: &str) -> Sieve<'a> {
        let gid = of.parse::<Gid>().ok();
        let refers = |column: &&PageColumn| {
            gid.zip(column.refers).is_some_and(|(gid, table)| self.find(table, gid).is_some())
        };
        match (list.columns.iter().find(refers), gid) {
            (Some(column), Some(gid)) => {
                Sieve::of_values(shelf.column(column.column.0), |value| Gid::of(value) == Some(gid))
            }
            _ => Sieve::nothing(),
        }
    }

    fn asked_for(&self, list: &ListPage, gid: &str) -> Option<Named> {
        let gid = gid.parse::<Gid>().ok()?;
        list.columns.iter().find_map(|column| self.named(column.refers?, gid))
    }

    /// For each word the columns in which it may stand.
    fn words(&self, list: &ListPage, shelf: &'a Shelf, search: &str) -> Vec<Vec<Sieve<'a>>> {
        let search: String = search.chars().take(SEARCH_CHARS_MAX).collect();
        let words = letters::fold(&search);
        let words = words.split_whitespace().take(WORDS_MAX);
        let columns =
            || list.search.iter().map(|at| &list.columns[*at]).filter(|column| self.sees_whole(column));
        words.map(|word| columns().map(|column| self.word(column, shelf, word)).collect()).collect()
    }

    fn word(&self, column: &PageColumn, shelf: &'a Shelf, word: &str) -> Sieve<'a> {
        let of = shelf.column(column.column.0);
        match self.names_of(column, of) {
            None => Sieve::new(of, |text| letters::fold(text).contains(word)),
            Some(names) => {
                let passing = names
                    .iter()
                    .map(|name| name.as_ref().is_some_and(|name| letters::fold(name).contains(word)));
                Sieve { rows: Some(of.rows()), passing: passing.collect() }
            }
        }
    }

    /// What the list is ordered by: what was asked for, where that can be.
    fn sort(&self, list: &ListPage, asked: &Asked) -> (String, bool) {
        let can = |name: &&String| {
            name.as_str() == REGION || list.column(name).is_some_and(|at| self.sees_whole(&list.columns[at]))
        };
        match asked.sort.as_ref().filter(can) {
            Some(name) => (name.clone(), asked.descending),
            None => {
                let (name, descending) = list.first_order();
                (name.to_owned(), descending)
            }
        }
    }

    fn months(&self, list: &ListPage, shelf: &'a Shelf) -> Vec<String> {
        let Some(at) = list.month else { return Vec::new() };
        let column = shelf.column(list.columns[at].column.0);
        let mut has = vec![false; column.values().len()];
        self.rows(shelf).for_each(|row| has[column.rows()[row] as usize] = true);
        let values = column.values().iter().zip(has).filter(|(_, has)| *has);
        let mut months: Vec<String> =
            values.filter_map(|(value, _)| month_of(&column::text(value)).map(str::to_owned)).collect();
        months.sort_unstable_by(|one, other| other.cmp(one));
        months.dedup();
        months.truncate(MONTHS_MAX);
        months
    }

    /// Rows a month, newest first; without those whose date is none.
    pub(super) fn by_month(&self, list: &ListPage, shelf: &Shelf, rows: &[u32]) -> Vec<(String, usize)> {
        let Some(at) = list.month else { return Vec::new() };
        let column = shelf.column(list.columns[at].column.0);
        let mut counts = std::collections::BTreeMap::new();
        for row in rows {
            if let Some(month) = month_of(&column::text(column.value(*row as usize))) {
                *counts.entry(month.to_owned()).or_insert(0) += 1;
            }
        }
        counts.into_iter().rev().collect()
    }
}

/// `2026-01` of `2026-01-05`.
fn month_of(text: &str) -> Option<&str> {
    let month = text.get(..7)?;
    let is = |(at, byte): (usize, u8)| if at == 4 { byte == b'-' } else { byte.is_ascii_digit() };
    (month.bytes().enumerate().all(is) && text.as_bytes().get(7) == Some(&b'-')).then_some(month)
}

/// Which values of a column pass: looked at once a value, not once a row.
struct Sieve<'a> {
    /// `None`: no row passes.
    rows: Option<&'a [u32]>,
    passing: Vec<bool>,
}

impl<'a> Sieve<'a> {
    fn new(column: &'a Column, passes: impl Fn(&str) -> bool) -> Self {
        Self::of_values(column, |value| passes(&column::text(value)))
    }

    fn of_values(column: &'a Column, passes: impl Fn(&model::Value) -> bool) -> Self {
        Self { rows: Some(column.rows()), passing: column.values().iter().map(passes).collect() }
    }

    const fn nothing() -> Self {
        Self { rows: None, passing: Vec::new() }
    }

    fn passes(&self, row: usize) -> bool {
        self.rows.is_some_and(|rows| self.passing[rows[row] as usize])
    }
}

/// What rows stand in order by: the column that was asked for, then the list's own, then their identities.
pub(super) struct Order<'a> {
    shelf: &'a Shelf,
    keys: Vec<Key<'a>>,
}

struct Key<'a> {
    rows: &'a [u32],
    ranks: std::borrow::Cow<'a, [u32]>,
    descending: bool,
}

impl<'a> Order<'a> {
    pub(super) fn of(
        scope: &Scope<'a>,
        (list, shelf): (&ListPage, &'a Shelf),
        (name, descending): &(String, bool),
    ) -> Self {
        let (own, down) = list.first_order();
        let named = [(name.as_str(), *descending), (own, down)];
        let mut keys = Vec::new();
        for (at, (name, descending)) in named.into_iter().enumerate() {
            if at > 0 && name == named[0].0 {
                continue;
            }
            let (rows, ranks) = match list.column(name) {
                Some(place) => {
                    let column = shelf.column(list.columns[place].column.0);
                    (column.rows(), scope.order_of(&list.columns[place], column))
                }
                None => (shelf.owners.as_slice(), scope.order_of_owners().into()),
            };
            keys.push(Key { rows, ranks, descending });
        }
        Self { shelf, keys }
    }

    /// Brings those rows to their places that stand in `range`.
    pub(super) fn take(&self, rows: &mut [u32], range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        let compare = |one: &u32, other: &u32| self.compare(*one as usize, *other as usize);
        if range.end < rows.len() {
            rows.select_nth_unstable_by(range.end, compare);
        }
        let upto = &mut rows[..range.end];
        if range.start > 0 {
            upto.select_nth_unstable_by(range.start, compare);
        }
        upto[range.start..].sort_unstable_by(compare);
    }

    fn compare(&self, one: usize, other: usize) -> Ordering {
        let by_keys = self.keys.iter().map(|key| key.compare(one, other)).find(|order| order.is_ne());
        by_keys.unwrap_or_else(|| self.shelf.gid(one).cmp(&self.shelf.gid(other)))
    }
}

impl Key<'_> {
    fn compare(&self, one: usize, other: usize) -> Ordering {
        let (one, other) = (self.rank(one), self.rank(other));
        match (one == LAST, other == LAST) {
            (false, false) if self.descending => other.cmp(&one),
            _ => one.cmp(&other),
        }
    }

    fn rank(&self, row: usize) -> u32 {
        self.ranks[self.rows[row] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_beginning_of_a_date() {
        assert_eq!(month_of("2026-01-05"), Some("2026-01"));
        for none in ["2026-01", "05.01.2026", "2026-1-05", "", "ışışışışış", "2026-01x"] {
            assert_eq!(month_of(none), None, "{none}");
        }
    }
}
