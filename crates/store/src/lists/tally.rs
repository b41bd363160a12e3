//! How many rows say the same: what a sum over a whole list is made of, without telling each row.

use std::{array, collections::HashMap};

use model::Value;

use super::{find::Asked, scope::Scope};

impl Scope<'_> {
    /// Each combination of values that matching rows have in these columns, and how many have it. `None`: there is no such
    /// list or column, or the viewer does not see its values whole.
    pub fn tally<const N: usize>(
        &self,
        at: usize,
        asked: &Asked,
        columns: [usize; N],
        mut tell: impl FnMut([&Value; N], usize),
    ) -> Option<()> {
        let list = self.pages.lists().get(at)?;
        let shelf = self.index.shelf(list.table)?;
        let is_told = |at: &usize| {
            list.columns.get(*at).is_some_and(|column| !column.refers() && self.sees_whole(column))
        };
        if !columns.iter().all(is_told) {
            return None;
        }
        let columns = columns.map(|at| shelf.column(list.columns[at].column.0));
        let mut counts: HashMap<[u32; N], usize> = HashMap::new();
        for row in self.matching(list, shelf, asked) {
            *counts.entry(columns.map(|column| column.rows()[row as usize])).or_default() += 1;
        }
        for (numbers, count) in counts {
            tell(array::from_fn(|at| &columns[at].values()[numbers[at] as usize]), count);
        }
        Some(())
    }
}
