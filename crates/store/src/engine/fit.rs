//! How a file agrees with a shadow.

use std::{collections::BTreeMap, sync::Arc};

use merge::{LocalId, RegionRule, ShadowRow, TableId};

use super::{
    branch::{self, Look},
    choose::Odd,
    lineage::Aside,
    shadow::Shadow,
};
use crate::desk::shown;

/// How a file agrees with a shadow, id by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fit {
    pub same: usize,
    /// Ids that hold something else, or of which one cannot be sure.
    pub other: usize,
    /// Rows that the shadow does not have, under ids that were given before.
    pub low: usize,
    /// Rows of the shadow that the file has not, under ids that it never gave: it is older than they are.
    beyond: usize,
}

impl Fit {
    /// Else it may be the file of another office, put where this one's was: what was deleted there was not deleted here.
    pub const fn is_mostly_this(&self) -> bool {
        self.other <= self.same
    }

    pub fn odd(&self) -> Option<Odd> {
        let doubled = self.other > 0 || self.low > 0;
        if self.beyond > 0 { Some(Odd::Older) } else { doubled.then_some(Odd::Doubled) }
    }
}

pub(super) fn fit(look: &Look<'_>, shadow: &Shadow, used: &BTreeMap<TableId, i64>, aside: &Aside) -> Fit {
    let mut fit = Fit::default();
    for (table, rows) in &look.file.merged {
        let rule = &look.rules[*table];
        let theirs = shadow.get(table).map_or(&[][..], Vec::as_slice);
        let last = used.get(table).copied().unwrap_or(0);
        // What everybody has does not tell whose file it is.
        let tells = usize::from(rule.region != RegionRule::Shared);
        for row in rows {
            let Ok(at) = theirs.binary_search_by(|known| known.id.cmp(&row.id)) else {
                let given = matches!(row.id, LocalId::Int(id) if id <= last);
                fit.low += usize::from(given && !aside.contains_key(&(*table, shown(&row.id))));
                continue;
            };
            if branch::speaks_of(rule, &theirs[at], row) {
                fit.same += tells;
            } else {
                fit.other += 1;
            }
        }
        if let Some(given) = look.file.last_ids.get(table) {
            let newer = |known: &&Arc<ShadowRow>| matches!(known.id, LocalId::Int(id) if id > *given);
            fit.beyond += theirs.iter().filter(newer).count();
        }
    }
    fit
}
