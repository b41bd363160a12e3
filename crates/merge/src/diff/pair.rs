//! Which row of the file belongs to which row of the shadow.

use std::{cmp::Ordering, collections::HashMap, iter::Peekable};

use model::Value;

use super::DiffError;
use crate::{Cells, LocalId, LocalRow, ShadowRow, TableRules, natural_key};

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
/// again). The flag says that the natural key made the pair.
pub(super) fn by_natural_key(rules: &TableRules, pairs: Vec<Pair>) -> Vec<(Pair, bool)> {
    let mut rows = Vec::with_capacity(pairs.len());
    let mut shadows = Vec::with_capacity(pairs.len());
    for pair in pairs {
        match pair {
            Pair::Both(row, shadow) => {
                rows.push(row);
                shadows.push(Some(shadow));
            }
            Pair::New(row) => rows.push(row),
            Pair::Gone(shadow) => shadows.push(Some(shadow)),
        }
    }
    let mut by_key: HashMap<Vec<Value>, usize> = HashMap::with_capacity(shadows.len());
    let mut by_id: HashMap<LocalId, usize> = HashMap::with_capacity(shadows.len());
    for (at, shadow) in shadows.iter().enumerate().filter_map(|(at, shadow)| Some((at, shadow.as_ref()?))) {
        by_id.insert(shadow.id.clone(), at);
        if let Some(key) = natural_key(rules, &shadow.cells) {
            by_key.entry(key).or_insert(at);
        }
    }
    let named: Vec<Option<ShadowRow>> =
        rows.iter().map(|row| shadows[*by_key.get(&natural_key(rules, &row.cells)?)?].take()).collect();
    let mut paired: Vec<(Pair, bool)> = Vec::with_capacity(rows.len());
    for (row, named) in rows.into_iter().zip(named) {
        let by_key = named.is_some();
        let shadow = named.or_else(|| shadows[*by_id.get(&row.id)?].take());
        let pair = match shadow {
            Some(shadow) => Pair::Both(row, shadow),
            None => Pair::New(row),
        };
        paired.push((pair, by_key));
    }
    paired.extend(shadows.into_iter().flatten().map(|shadow| (Pair::Gone(shadow), false)));
    paired
}
