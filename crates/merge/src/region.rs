//! Who may see and write a row.

use model::{Gid, Value};

use crate::{Cells, TableId, TableRules, row::is_blank};

/// What a site or person is in charge of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// Headquarters, written `*`.
    All,
    Named(String),
}

/// Whose a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Everybody's.
    Shared,
    Region(String),
    /// The row should say a region and does not, nor does its parent.
    Nobody,
}

impl Region {
    /// `*` is headquarters; blanks around a name mean nothing.
    #[must_use]
    pub fn new(name: &str) -> Self {
        match name.trim() {
            "*" => Self::All,
            name => Self::Named(name.to_owned()),
        }
    }

    /// Whether rows of this owner are handed to the site. A row is also handed over when a row that is handed over
    /// needs it as its parent.
    #[must_use]
    pub fn sees(&self, owner: &Owner) -> bool {
        match (self, owner) {
            (Self::All, _) | (_, Owner::Shared) => true,
            (Self::Named(own), Owner::Region(region)) => own == region,
            (Self::Named(_), Owner::Nobody) => false,
        }
    }

    /// Whether the site may make a row of `before` (`None`: a new row) one of `after` (`None`: deleted).
    #[must_use]
    pub fn may_write(&self, before: Option<&Owner>, after: Option<&Owner>) -> bool {
        [before, after].into_iter().flatten().all(|owner| self.sees(owner))
    }
}

/// Whose the row with these cells is. `parent` tells the cells of a row that is referred to.
///
/// **Invariants**: rules never lead in a circle, so neither does this.
pub fn owner<'a, P>(rules: &'a crate::Rules, table: TableId, cells: &'a Cells, parent: &P) -> Owner
where
    P: Fn(TableId, Gid) -> Option<&'a Cells>,
{
    let (mut table, mut cells) = (table, cells);
    loop {
        let rule = &rules[table];
        if let Some(region) = said(rule, cells) {
            return Owner::Region(region.to_owned());
        }
        match rule.region_columns() {
            (None, None) => return Owner::Shared,
            (_, None) => return Owner::Nobody,
            (_, Some(through)) => {
                let Some(to) = rule[through].reference.map(|reference| reference.table) else {
                    return Owner::Nobody;
                };
                let gid = cells[through.0].as_ref().and_then(Gid::of);
                let Some(above) = gid.and_then(|gid| parent(to, gid)) else { return Owner::Nobody };
                (table, cells) = (to, above);
            }
        }
    }
}

/// The region that the row itself says.
#[must_use]
pub fn said<'a>(rules: &TableRules, cells: &'a Cells) -> Option<&'a str> {
    match cells[rules.region_columns().0?.0].as_ref() {
        Some(Value::Text(region)) if !region.trim().is_empty() => Some(region.trim()),
        _ => None,
    }
}

/// Whose a row is that nobody owns through another one: what it says, else `blank`.
pub(crate) fn alone(rules: &TableRules, cells: &Cells, blank: Owner) -> Owner {
    match (rules.region_columns().0, said(rules, cells)) {
        (_, Some(region)) => Owner::Region(region.to_owned()),
        (None, None) => Owner::Shared,
        (Some(_), None) => blank,
    }
}

/// Fills the region of a new row where old programs leave it blank, or let a default stand there that is not the office's:
/// with that of `parent`, the row that it hangs on, else with the site's own. Returns what was filled in, to be told.
/// Headquarters has no region to give, and what it says stands.
pub fn repair(rules: &TableRules, cells: &mut Cells, parent: &Owner, site: &Region) -> Option<Value> {
    let column = rules.region_columns().0?;
    let region = match (is_blank(cells[column.0].as_ref()), parent, site) {
        (true, Owner::Region(region), _) | (true, _, Region::Named(region)) => region,
        // It hangs on a row of the site, and only the site writes here: its default is not a gift to another region.
        (false, Owner::Region(region), Region::Named(own)) if region == own => region,
        _ => return None,
    };
    let region = Value::Text(region.clone());
    if cells[column.0].as_ref() == Some(&region) {
        return None;
    }
    cells[column.0] = Some(region.clone());
    Some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_writes_only_what_is_its_own_before_and_after() {
        let (ankara, bursa) = (Owner::Region("Ankara".into()), Owner::Region("Bursa".into()));
        let office = Region::new(" Ankara ");
        assert!(office.may_write(None, Some(&ankara)));
        assert!(office.may_write(Some(&ankara), None));
        assert!(!office.may_write(Some(&ankara), Some(&bursa)), "gives a row away");
        assert!(!office.may_write(Some(&bursa), Some(&ankara)), "takes a row");
        assert!(!office.may_write(Some(&Owner::Nobody), Some(&ankara)));
        assert!(office.may_write(Some(&Owner::Shared), Some(&Owner::Shared)));
        assert!(Region::new("*").may_write(Some(&ankara), Some(&bursa)));
    }
}
