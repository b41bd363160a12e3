//! Any work at two offices, killed anywhere: in the end both files and the hub say the same, and every row is there once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use testkit::office::{Employee, Record, ShiftTemplate, Timesheet, Vehicle};

use crate::{day::agree, pc::Pc, town::Town};

#[derive(Clone, Debug)]
enum Act {
    Hire(usize),
    Promote(usize, usize),
    Fire(usize, usize),
    Note(usize, usize),
    Correct(usize, usize),
    Strike(usize, usize),
    Park(usize, usize),
    Shift(usize, usize),
    /// A cycle that is killed after so many steps.
    Cycle(usize, usize),
}

fn act() -> impl Strategy<Value = Act> {
    let two = || (0_usize..2, 0_usize..8);
    prop_oneof![
        2 => (0_usize..2).prop_map(Act::Hire),
        2 => two().prop_map(|(pc, row)| Act::Promote(pc, row)),
        1 => two().prop_map(|(pc, row)| Act::Fire(pc, row)),
        3 => two().prop_map(|(pc, row)| Act::Note(pc, row)),
        2 => two().prop_map(|(pc, row)| Act::Correct(pc, row)),
        1 => two().prop_map(|(pc, row)| Act::Strike(pc, row)),
        2 => two().prop_map(|(pc, row)| Act::Park(pc, row)),
        2 => two().prop_map(|(pc, row)| Act::Shift(pc, row)),
        6 => two().prop_map(|(pc, row)| Act::Cycle(pc, row)),
    ]
}

struct World {
    town: Town,
    pcs: [Pc; 2],
    made: usize,
    /// Notes of timesheets that were made, and of those that somebody deleted.
    sheets: BTreeSet<String>,
    struck: BTreeSet<String>,
}

impl World {
    fn ids(&self, pc: usize, table: &str) -> Vec<i64> {
        let ids = self.pcs[pc].ask(&format!("select id from {table} order by id"));
        ids.split_whitespace().map(|id| id.parse().unwrap()).collect()
    }

    fn pick(&self, pc: usize, table: &str, row: usize) -> Option<i64> {
        let ids = self.ids(pc, table);
        (!ids.is_empty()).then(|| ids[row % ids.len()])
    }

    fn name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    async fn act(&mut self, act: &Act) {
        match *act {
            Act::Hire(pc) => {
                let name = self.name("Kişi");
                self.pcs[pc]
                    .desktop
                    .save_employee(None, &Employee { full_name: &name, ..Employee::default() })
                    .unwrap();
            }
            Act::Promote(pc, row) => {
                let title = self.name("Unvan");
                if let Some(id) = self.pick(pc, "employees", row) {
                    let column = ["title", "department"][row % 2];
                    self.pcs[pc].sql(&format!("update employees set {column} = '{title}' where id = {id}"));
                }
            }
            Act::Fire(pc, row) => {
                if let Some(id) = self.pick(pc, "employees", row) {
                    let fallen =
                        self.pcs[pc].ask(&format!("select notes from timesheets where employee_id = {id}"));
                    self.struck.extend(fallen.split_whitespace().map(str::to_owned));
                    self.pcs[pc].desktop.delete(Record::Employee, id).unwrap();
                }
            }
            Act::Note(pc, row) => {
                let notes = self.name("not");
                if let Some(employee_id) = self.pick(pc, "employees", row) {
                    let form = Timesheet {
                        employee_id,
                        work_date: "2026-05-04",
                        notes: &notes,
                        ..Timesheet::default()
                    };
                    self.pcs[pc].desktop.save_timesheet(None, &form).unwrap();
                    self.sheets.insert(notes);
                }
            }
            Act::Correct(pc, row) => {
                if let Some(id) = self.pick(pc, "timesheets", row) {
                    self.pcs[pc]
                        .sql(&format!("update timesheets set break_minutes = {} where id = {id}", self.made));
                }
            }
            Act::Strike(pc, row) => {
                if let Some(id) = self.pick(pc, "timesheets", row) {
                    let notes = self.pcs[pc].ask(&format!("select notes from timesheets where id = {id}"));
                    self.struck.insert(notes);
                    self.pcs[pc].desktop.delete(Record::Timesheet, id).unwrap();
                }
            }
            Act::Park(pc, row) => {
                let plate = ["06 A 1", "06 A 2", "06 A 3"][row % 3];
                let known = self.pcs[pc].ask(&format!("select id from vehicles where plate = '{plate}'"));
                let km = self.made as i64;
                let form = Vehicle { plate, km, ..Vehicle::default() };
                self.pcs[pc].desktop.save_vehicle(known.parse().ok(), &form).unwrap();
            }
            Act::Shift(pc, row) => {
                let name = ["Sabah", "Gece"][row % 2];
                let form = ShiftTemplate {
                    name,
                    start_time: "08:00",
                    end_time: "16:00",
                    break_minutes: self.made as i64,
                };
                self.pcs[pc].desktop.save_shift_template(&form).unwrap();
            }
            Act::Cycle(pc, steps) => self.cycle(pc, steps).await,
        }
        self.made += 1;
    }

    /// Each step ends with a transaction or a message; what comes after the last is never done.
    async fn cycle(&mut self, pc: usize, mut steps: usize) {
        let pc = &self.pcs[pc];
        let mut step = || {
            steps = steps.wrapping_sub(1);
            steps == usize::MAX
        };
        let mut office = pc.office().await;
        office.install().await.unwrap();
        if step() {
            return;
        }
        while let Some(push) = office.prepare(&pc.clock()).await.unwrap() {
            if step() {
                return;
            }
            let pushed = self.town.push(pc.site, &push);
            if step() {
                return;
            }
            office.settle(&pushed).await.unwrap();
            if step() {
                return;
            }
        }
        loop {
            let page = self.town.pull(office.standing().await.unwrap().cursor);
            office.apply(&page).await.unwrap();
            if step() || !page.more {
                return;
            }
        }
    }
}

async fn run(acts: &[Act]) {
    let mut town = Town::new();
    town.page_rows = 3;
    let mut world = World {
        town,
        pcs: [Pc::new(1), Pc::new(2)],
        made: 0,
        sheets: BTreeSet::new(),
        struck: BTreeSet::new(),
    };
    for pc in [0, 1, 0] {
        world.pcs[pc].cycle(&mut world.town).await;
    }
    for act in acts {
        world.act(act).await;
    }
    for pc in [0, 1, 0, 1, 0, 1] {
        world.pcs[pc].cycle(&mut world.town).await;
    }
    let World { town, pcs, sheets, struck, .. } = &world;
    agree(town, &[&pcs[0], &pcs[1]]);
    for pc in pcs {
        let notes = pc.ask("select notes from timesheets order by notes");
        let there: Vec<&str> = notes.split_whitespace().collect();
        let once: BTreeSet<&str> = there.iter().copied().collect();
        assert_eq!(there.len(), once.len(), "a row is there twice: {notes}");
        for sheet in sheets.difference(struck) {
            assert!(once.contains(sheet.as_str()), "{sheet} is lost: {notes}");
        }
        let standing = pc.standing().await;
        assert_eq!(
            (standing.waiting, standing.late, standing.aside, standing.outbox),
            (0, 0, 0, None),
            "{:?}",
            pc.late().await
        );
        assert_eq!(pc.ask("pragma foreign_key_check"), "");
        assert_eq!(pc.ask("pragma integrity_check"), "ok");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn both_files_and_the_hub_come_to_say_the_same(acts in prop::collection::vec(act(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(&acts));
    }
}
