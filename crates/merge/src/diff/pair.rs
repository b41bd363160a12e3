//! Which row of the file belongs to which row of the shadow.

use std::{cmp::Ordering, collections::HashMap, iter::Peekable};

use model::Value;

use super::DiffError;
use crate::{Cells, LocalId, LocalRow, ShadowRow, TableRules, natural_key, region};

pub(super) enum Pair {
    Both(LocalRow, ShadowRow),
    New(LocalRow),
    Gone(ShadowRow),
}

/// Rows and shadow side by side, by id.
pub(super) struct Pairs<'a, R: Iterator<Item = LocalRow>, S: Iterator<Item = ShadowRow>> {
    rules: &'a TableRules,
    rows: Peekable<R>,
    shadow: Peekable<S>,
    last: (Option<LocalId>, Option<LocalId>),
}

impl<'a, R: Iterator<Item = LocalRow>, S: Iterator<Item = ShadowRow>> Pairs<'a, R, S> {
    pub(super) fn new(rules: &'a TableRules, rows: R, shadow: S) -> Self {
        Self { rules, rows: rows.peekable(), shadow: shadow.peekable(), last: (None, None) }
    }

    fn row(&mut self) -> Result<Option<LocalRow>, DiffError> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        check(self.rules, &row.cells)?;
        ascend(self.rules, &mut self.last.0, &row.id)?;
        Ok(Some(row))
    }

    fn shadow(&mut self) -> Result<Option<ShadowRow>, DiffError> {
        let Some(row) = self.shadow.next() else { return Ok(None) };
        check(self.rules, &row.cells)?;
        ascend(self.rules, &mut self.last.1, &row.id)?;
        Ok(Some(row))
    }

    fn step(&mut self) -> Result<Option<Pair>, DiffError> {
        let order = match (self.rows.peek(), self.shadow.peek()) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(row), Some(shadow)) => row.id.cmp(&shadow.id),
        };
        Ok(match order {
            Ordering::Less => self.row()?.map(Pair::New),
            Ordering::Greater => self.shadow()?.map(Pair::Gone),
            Ordering::Equal => self.row()?.zip(self.shadow()?).map(|(row, shadow)| Pair::Both(row, shadow)),
        })
    }
}

impl<R: Iterator<Item = LocalRow>, S: Iterator<Item = ShadowRow>> Iterator for Pairs<'_, R, S> {
    type Item = Result<Pair, DiffError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

pub(super) fn check(rules: &TableRules, cells: &Cells) -> Result<(), DiffError> {
    let columns = rules.columns.len();
    if cells.len() == columns {
        return Ok(());
    }
    Err(DiffError::Shape { table: rules.name.clone(), cells: cells.len(), columns })
}

fn ascend(rules: &TableRules, last: &mut Option<LocalId>, next: &LocalId) -> Result<(), DiffError> {
    if last.as_ref().is_some_and(|last| last >= next) {
        return Err(DiffError::Unordered { table: rules.name.clone() });
    }
    *last = Some(next.clone());
    Ok(())
}

/// Pairs anew what bears the same natural key under different ids (a REPLACE, a list that was deleted and read in
/// again). The flag says that the natural key made the pair. A file may hold the same name in several regions.
pub(super) fn by_natural_key(rules: &TableRules, pairs: Vec<Pair>) -> Vec<(Pair, bool)> {
    let mut rows = Vec::with_capacity(pairs.len());
    let mut shadows = Shadows::default();
    for pair in pairs {
        match pair {
            Pair::Both(row, shadow) => {
                let key = natural_key(rules, &row.cells);
                let kept = key.is_some() && key == natural_key(rules, &shadow.cells);
                if kept {
                    rows.push((row, Some(shadow)));
                } else {
                    shadows.add(rules, shadow);
                    rows.push((row, None));
                }
            }
            Pair::New(row) => rows.push((row, None)),
            Pair::Gone(shadow) => shadows.add(rules, shadow),
        }
    }
    for (row, shadow) in rows.iter_mut().filter(|(_, shadow)| shadow.is_none()) {
        *shadow = shadows.named(rules, row);
    }
    let mut paired: Vec<(Pair, bool)> = Vec::with_capacity(rows.len());
    for (row, named) in rows {
        let by_key = named.is_some();
        let pair = match named.or_else(|| shadows.of_id(&row.id)) {
            Some(shadow) => Pair::Both(row, shadow),
            None => Pair::New(row),
        };
        paired.push((pair, by_key));
    }
    paired.extend(shadows.rows.into_iter().flatten().map(|shadow| (Pair::Gone(shadow), false)));
    paired
}

/// Rows of the shadow that have no partner yet.
#[derive(Default)]
struct Shadows {
    rows: Vec<Option<ShadowRow>>,
    by_key: HashMap<Vec<Value>, Vec<usize>>,
    by_id: HashMap<LocalId, usize>,
}

impl Shadows {
    fn add(&mut self, rules: &TableRules, shadow: ShadowRow) {
        let at = self.rows.len();
        self.by_id.insert(shadow.id.clone(), at);
        if let Some(key) = natural_key(rules, &shadow.cells) {
            self.by_key.entry(key).or_default().push(at);
        }
        self.rows.push(Some(shadow));
    }

    /// The one of the row's name; where both say a region, of the same.
    fn named(&mut self, rules: &TableRules, row: &LocalRow) -> Option<ShadowRow> {
        let ours = region::said(rules, &row.cells);
        let agrees = |shadow: &ShadowRow| {
            let theirs = region::said(rules, &shadow.cells);
            ours.is_none() || theirs.is_none() || ours == theirs
        };
        let bearers = self.by_key.get(&natural_key(rules, &row.cells)?)?;
        let found = bearers.iter().find(|at| self.rows[**at].as_ref().is_some_and(agrees))?;
        self.rows[*found].take()
    }

    fn of_id(&mut self, id: &LocalId) -> Option<ShadowRow> {
        self.rows[*self.by_id.get(id)?].take()
    }
}
