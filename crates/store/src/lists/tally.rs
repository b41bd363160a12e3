//! How many rows say the same: what a sum over a whole list is made of, without telling each row.

use std::{array, collections::HashMap};

use model::Value;

use super::{find::Asked, scope::Scope};

impl Scope<'_> {
    /// Each combination of region and values that matching rows have in these columns, and how many have it. `None`: there is no such
    /// list or column, or the viewer does not see its values whole.
    pub fn tally<const N: usize>(
        &self,
        at: usize,
        asked: &Asked,
        columns: [usize; N],
        mut tell: impl FnMut(Option<&str>, [&Value; N], usize),
    ) -> Option<()> {
        let list = self.pages.all().get(at)?;
        let shelf = self.index.shelf(list.table)?;
        let is_told = |at: &usize| {
            list.columns.get(*at).is_some_and(|column| !column.refers() && self.sees_whole(column))
        };
        if !columns.iter().all(is_told) {
            return None;
        }
        let columns = columns.map(|at| shelf.column(list.columns[at].column.0));
        let mut counts: HashMap<(u32, [u32; N]), usize> = HashMap::new();
        for row in self.matching(list, shelf, asked) {
            let said = columns.map(|column| column.rows()[row as usize]);
            *counts.entry((shelf.owners[row as usize], said)).or_default() += 1;
        }
        for ((owner, numbers), count) in counts {
            tell(
                self.region_of(owner),
                array::from_fn(|at| &columns[at].values()[numbers[at] as usize]),
                count,
            );
        }
        Some(())
    }
}
