//! A hub in memory: rows by gid, loaded into a scope as a real one does from its tables.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use merge::{
    Author, Cause, Cells, Change, Conflict, Namesake, Outcome, Owner, Rules, Scope, Stored, TableId, Want,
    Written, merge, natural_key, region,
};
use model::{Gid, Rev, Value};

#[derive(Clone, Default)]
pub struct Hub {
    pub rows: HashMap<Gid, Stored>,
    pub rev: Rev,
    pub conflicts: Vec<Conflict>,
    pub namesakes: Vec<Namesake>,
    pub history: Vec<Written>,
}

pub fn rainstaff() -> Rules {
    merge::read(include_str!("../../../../presets/rainstaff/tables.toml")).unwrap()
}

impl Hub {
    pub fn take(&mut self, rules: &Rules, author: &Author, changes: &[Change]) -> Vec<Outcome> {
        let before = self.rows.clone();
        let owners: HashMap<Gid, Owner> =
            before.values().map(|row| (row.gid, self.owner(rules, row))).collect();
        let foreign = before.into_values().filter(|row| !author.region.sees(&owners[&row.gid])).collect();
        let outcomes = self.merge(rules, author, changes);
        self.check(rules);
        self.check_foreign(foreign);
        outcomes
    }

    fn merge(&mut self, rules: &Rules, author: &Author, changes: &[Change]) -> Vec<Outcome> {
        let mut scope = Scope::default();
        for round in 0.. {
            let wants = scope.wants(rules, changes);
            if wants.is_empty() {
                break;
            }
            assert!(round < 30, "the search for rows does not end: {wants:?}");
            for want in wants {
                let rows = self.find(rules, &want);
                scope.supply(rules, want, rows);
            }
        }
        let mut outcomes = Vec::new();
        for change in changes {
            self.rev = Rev(self.rev.0 + 1);
            let outcome = merge(rules, &mut scope, author, change.clone(), self.rev);
            self.conflicts.extend(outcome.conflicts.iter().cloned());
            self.namesakes.extend(outcome.namesakes.iter().cloned());
            self.history.extend(outcome.written.iter().cloned());
            outcomes.push(outcome);
        }
        for written in scope.take_changed() {
            assert_eq!(
                written.before.as_deref(),
                self.rows.get(&written.after.gid),
                "the scope knew the row"
            );
            self.rows.insert(written.after.gid, written.after.as_ref().clone());
        }
        outcomes
    }

    /// Nothing that an office does alters a row of another region; a reference to a row that became another one names
    /// that one.
    fn check_foreign(&self, before: Vec<Stored>) {
        let named = |cell: &Option<Value>| {
            cell.as_ref()
                .map(|value| Gid::of(value).map_or_else(|| value.clone(), |gid| self.today(gid).into()))
        };
        let named = |cells: &Cells| cells.iter().map(named).collect::<Cells>();
        for row in before {
            let after = &self.rows[&row.gid];
            assert_eq!(row.lives(), after.lives(), "{row:?} became {after:?}");
            assert_eq!(row.became(), after.became());
            assert_eq!(named(&row.cells), named(&after.cells), "{row:?} became {after:?}");
            assert!(row.marks.iter().zip(&after.marks).all(|(before, after)| before.stamp == after.stamp));
        }
    }

    fn find(&self, rules: &Rules, want: &Want) -> Vec<Stored> {
        let wanted = |row: &&Stored| match want {
            Want::Row(_, gid) => row.gid == *gid,
            Want::Referring(table, gid) => rules[row.table].references().any(|(column, reference)| {
                reference.table == *table && row.cells[column.0].as_ref().and_then(Gid::of) == Some(*gid)
            }),
            Want::Fallen(gid) => {
                row.dead.is_some_and(|dead| dead.cause == Cause::With(*gid))
                    || row.marks.iter().any(|mark| mark.emptied == Some(*gid))
            }
            Want::Named(table, key) => {
                row.table == *table && natural_key(&rules[*table], &row.cells).as_ref() == Some(key)
            }
        };
        self.rows.values().filter(wanted).cloned().collect()
    }

    /// What holds after every batch: living rows refer to living rows of the right table, no name twice.
    fn check(&self, rules: &Rules) {
        let mut names = BTreeSet::new();
        for row in self.rows.values().filter(|row| row.lives()) {
            for (column, reference) in rules[row.table].references() {
                if let Some(target) = row.cells[column.0].as_ref().and_then(Gid::of) {
                    let target = &self.rows[&target];
                    assert!(target.lives(), "{row:?} refers to a dead row {target:?}");
                    assert_eq!(target.table, reference.table);
                }
            }
            if let Some(key) = natural_key(&rules[row.table], &row.cells) {
                let owner = format!("{:?}", self.owner(rules, row));
                assert!(names.insert((row.table, owner, key)), "two living rows of one name: {row:?}");
            }
        }
    }

    pub fn owner(&self, rules: &Rules, row: &Stored) -> Owner {
        let parent = |_: TableId, gid: Gid| Some(&self.rows.get(&self.today(gid))?.cells);
        region::owner(rules, row.table, &row.cells, &parent)
    }

    /// The data that sites see: living rows.
    pub fn data(&self) -> BTreeMap<Gid, (TableId, Cells)> {
        let living = self.rows.values().filter(|row| row.lives());
        living.map(|row| (row.gid, (row.table, row.cells.clone()))).collect()
    }

    pub fn today(&self, mut gid: Gid) -> Gid {
        while let Some(next) = self.rows.get(&gid).and_then(Stored::became) {
            gid = next;
        }
        gid
    }

    /// Whether a value that was once written for a cell stands in a row, living or dead, or in the list of conflicts.
    pub fn remembers(&self, value: &Value) -> bool {
        let in_cells = |cells: &Cells| cells.iter().flatten().any(|cell| cell == value);
        self.rows.values().any(|row| in_cells(&row.cells))
            || self
                .conflicts
                .iter()
                .any(|c| [&c.winner, &c.loser].iter().any(|s| s.value.as_ref() == Some(value)))
    }
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
