//! What a preset says is to be looked at: which columns are names, deadlines, kilometres, faults and weekly checks.

use merge::{ColumnId, Rules, TableId};
use serde::Deserialize;

use crate::lists::pages::{Label, PagesError};

/// By places in the list's own columns, unless it is said otherwise.
#[derive(Clone, Debug, Default)]
pub(in crate::lists) struct QualityColumns {
    pub person: Option<PersonColumns>,
    /// Dates on which something runs out.
    pub runs_out: Vec<usize>,
    pub oil: Option<OilColumns>,
    pub fault: Option<FaultColumns>,
    pub check: Option<CheckColumns>,
    /// What the items of weekly checks are called.
    pub items: Vec<(String, Label)>,
}

#[derive(Clone, Debug)]
pub(in crate::lists) struct PersonColumns {
    pub name: usize,
    pub identity: usize,
}

#[derive(Clone, Debug)]
pub(in crate::lists) struct OilColumns {
    pub km: usize,
    pub changed: usize,
    pub interval: usize,
}

#[derive(Clone, Debug)]
pub(in crate::lists) struct FaultColumns {
    pub vehicle: usize,
    pub title: usize,
    pub opened: usize,
    /// Choices of the list's state.
    pub open: Vec<String>,
}

/// **Invariants**: `of`, `item` and `status` are columns of `table`, whose rows are the results.
#[derive(Clone, Debug)]
pub(in crate::lists) struct CheckColumns {
    pub vehicle: usize,
    pub driver: usize,
    pub date: usize,
    pub km: usize,
    pub table: TableId,
    pub of: ColumnId,
    pub item: ColumnId,
    pub status: ColumnId,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::lists) struct RawQuality {
    person: Option<RawPerson>,
    runs_out: Vec<String>,
    oil: Option<RawOil>,
    fault: Option<RawFault>,
    check: Option<RawCheck>,
    items: Vec<RawItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPerson {
    name: String,
    identity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOil {
    km: String,
    changed: String,
    interval: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    vehicle: String,
    title: String,
    opened: String,
    open: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    vehicle: String,
    driver: String,
    date: String,
    km: String,
    table: String,
    of: String,
    item: String,
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    name: String,
    label: Label,
}

impl RawQuality {
    /// `find` tells a column's place in the list, `wrong` what does not fit.
    pub fn resolve(
        &self,
        rules: &Rules,
        find: &impl Fn(&String) -> Result<usize, PagesError>,
        wrong: impl Fn(String) -> PagesError,
    ) -> Result<QualityColumns, PagesError> {
        let person = |raw: &RawPerson| {
            Ok::<_, PagesError>(PersonColumns { name: find(&raw.name)?, identity: find(&raw.identity)? })
        };
        let oil = |raw: &RawOil| {
            let (km, changed, interval) = (find(&raw.km)?, find(&raw.changed)?, find(&raw.interval)?);
            Ok::<_, PagesError>(OilColumns { km, changed, interval })
        };
        let fault = |raw: &RawFault| {
            let (vehicle, title, opened) = (find(&raw.vehicle)?, find(&raw.title)?, find(&raw.opened)?);
            Ok::<_, PagesError>(FaultColumns { vehicle, title, opened, open: raw.open.clone() })
        };
        let check = |raw: &RawCheck| raw.resolve(rules, find, &wrong);
        Ok(QualityColumns {
            person: self.person.as_ref().map(person).transpose()?,
            runs_out: self.runs_out.iter().map(find).collect::<Result<_, _>>()?,
            oil: self.oil.as_ref().map(oil).transpose()?,
            fault: self.fault.as_ref().map(fault).transpose()?,
            check: self.check.as_ref().map(check).transpose()?,
            items: self.items.iter().map(|item| (item.name.clone(), item.label.clone())).collect(),
        })
    }
}

impl RawCheck {
    fn resolve(
        &self,
        rules: &Rules,
        find: &impl Fn(&String) -> Result<usize, PagesError>,
        wrong: &impl Fn(String) -> PagesError,
    ) -> Result<CheckColumns, PagesError> {
        let table = rules.table(&self.table);
        let table = table.ok_or_else(|| wrong(format!("tables.toml has no table `{}`", self.table)))?;
        let column = |name: &String| {
            let found = rules[table].column(name);
            found.ok_or_else(|| wrong(format!("`{name}` is no column of `{}`", self.table)))
        };
        Ok(CheckColumns {
            vehicle: find(&self.vehicle)?,
            driver: find(&self.driver)?,
            date: find(&self.date)?,
            km: find(&self.km)?,
            table,
            of: column(&self.of)?,
            item: column(&self.item)?,
            status: column(&self.status)?,
        })
    }
}
