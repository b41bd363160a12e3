//! Two sites and one row: who wins, who comes back, what becomes one.
#![allow(clippy::unwrap_used, reason = "tests")]

mod hub;

use hub::{Hub, rainstaff, text};
use merge::{
    Action, Age, Author, Cells, Change, ConflictPolicy, Edit, Owner, Refusal, Region, Rules, TableId, Verdict,
};
use model::{Gid, Rev, SiteId, Stamp, Value};

struct World {
    rules: Rules,
    hub: Hub,
    employees: TableId,
    vehicles: TableId,
    next: u32,
}

const HQ: u32 = 9;

fn gid(number: u128) -> Gid {
    Gid::new(1, number)
}

impl World {
    fn new(policy: &str) -> Self {
        let whole = include_str!("../../../presets/rainstaff/tables.toml");
        let rules =
            merge::read(&whole.replacen("telling = [", &format!("conflict = \"{policy}\"\ntelling = ["), 1));
        let rules = rules.unwrap();
        let (employees, vehicles) = (rules.table("employees").unwrap(), rules.table("vehicles").unwrap());
        let mut world = Self { rules, hub: Hub::default(), employees, vehicles, next: 0 };
        world.insert(HQ, 0, employees, 1, &[("full_name", "Deniz"), ("title", "Usta"), ("region", "Ankara")]);
        world
    }

    fn author(site: u32, seen: Rev) -> Author {
        let region = Region::new(match site {
            HQ => "*",
            7 => "Bursa",
            _ => "Ankara",
        });
        Author::new(SiteId(site), region, seen)
    }

    fn send(
        &mut self,
        site: u32,
        wall: i64,
        seen: Rev,
        (table, row, action): (TableId, u128, Action),
    ) -> Verdict {
        self.next += 1;
        let stamp = Stamp { wall_ms: wall, counter: self.next, site: SiteId(site) };
        let change = Change { table, gid: gid(row), stamp, base: seen, age: Age::Known, action };
        let author = Self::author(site, seen);
        self.hub.take(&self.rules, &author, &[change]).remove(0).verdict
    }

    fn insert(
        &mut self,
        site: u32,
        wall: i64,
        table: TableId,
        row: u128,
        values: &[(&str, &str)],
    ) -> Verdict {
        let mut cells: Cells = vec![Some(Value::Null); self.rules[table].columns.len()];
        for (name, value) in values {
            cells[self.rules[table].column(name).unwrap().0] = Some(text(value));
        }
        self.send(site, wall, Rev(0), (table, row, Action::Insert(cells)))
    }

    fn title(&mut self, site: u32, wall: i64, seen: Rev, value: &str) -> Verdict {
        self.retitle(site, wall, seen, ("Usta", value))
    }

    fn retitle(&mut self, site: u32, wall: i64, seen: Rev, (before, value): (&str, &str)) -> Verdict {
        let column = self.rules[self.employees].column("title").unwrap();
        let edit = Edit { column, base: Some(text(before)), value: text(value) };
        self.send(site, wall, seen, (self.employees, 1, Action::Update(vec![edit])))
    }

    fn delete(&mut self, site: u32, wall: i64, seen: Rev) -> Verdict {
        self.send(site, wall, seen, (self.employees, 1, Action::Delete { with: None }))
    }

    fn cell(&self, row: u128, column: &str) -> Value {
        let row = &self.hub.rows[&gid(row)];
        row.cells[self.rules[row.table].column(column).unwrap().0].clone().unwrap()
    }
}

/// Both orders of arrival of an office's and headquarters' change of one cell: who stands.
fn standing(policy: &str, office_ms: i64, hq_ms: i64) -> String {
    let both = [[1, HQ], [HQ, 1]].map(|order| {
        let mut world = World::new(policy);
        let seen = world.hub.rev;
        for site in order {
            let (wall, value) = if site == HQ { (hq_ms, "hq") } else { (office_ms, "office") };
            world.title(site, wall, seen, value);
        }
        assert_eq!(world.hub.conflicts.len(), 1);
        let conflict = &world.hub.conflicts[0];
        let title = world.cell(1, "title");
        assert_eq!(conflict.winner.value.as_ref(), Some(&title));
        let loser = conflict.loser.value.clone().unwrap().to_string();
        assert!([title.to_string(), loser].iter().all(|v| v == "hq" || v == "office"));
        assert_eq!(conflict.open, policy == "ask");
        title.to_string()
    });
    assert_eq!(both[0], both[1]);
    both[0].clone()
}

#[test]
fn the_policy_picks_the_winner_and_the_loser_is_kept() {
    assert_eq!(standing("latest", 10, 20), "hq");
    assert_eq!(standing("latest", 20, 10), "office");
    assert_eq!(standing("office", 10, 20), "office");
    assert_eq!(standing("headquarters", 20, 10), "hq");
    assert_eq!(standing("ask", 20, 10), "office");
}

#[test]
fn who_has_seen_the_other_s_value_overwrites_it_without_a_conflict_even_with_a_slow_clock() {
    let mut world = World::new("latest");
    let seen = world.hub.rev;
    world.title(1, 5_000, seen, "first");
    let seen = world.hub.rev;
    world.retitle(2, 100, seen, ("first", "second"));
    assert_eq!(world.cell(1, "title"), text("second"));
    assert!(world.hub.conflicts.is_empty());
}

#[test]
fn who_does_not_say_what_he_saw_overwrites_nothing_in_silence() {
    for before in [None, Some("Kalfa")] {
        let mut world = World::new("latest");
        let seen = world.hub.rev;
        let column = world.rules[world.employees].column("title").unwrap();
        let edit = Edit { column, base: before.map(text), value: text("Çırak") };
        world.send(2, 10, seen, (world.employees, 1, Action::Update(vec![edit])));
        assert_eq!(world.cell(1, "title"), text("Çırak"));
        assert_eq!(world.hub.conflicts.len(), 1);
        assert_eq!(world.hub.conflicts[0].loser.value, Some(text("Usta")));
    }
}

#[test]
fn an_old_file_does_not_hang_a_row_on_a_deleted_one() {
    let mut world = World::new("latest");
    let (employees, timesheets) = (world.employees, world.rules.table("timesheets").unwrap());
    world.insert(1, 10, employees, 2, &[("full_name", "Deniz İki"), ("region", "Ankara")]);
    world.insert(1, 11, timesheets, 3, &[("work_date", "2026-01-05"), ("region", "Ankara")]);
    let column = world.rules[timesheets].column("employee_id").unwrap();
    let names = |person: u128| gid(person).into();
    let to = |base, person| Action::Update(vec![Edit { column, base, value: names(person) }]);
    let seen = world.hub.rev;
    world.send(1, 12, seen, (timesheets, 3, to(Some(Value::Null), 2)));
    let seen = world.hub.rev;
    world.delete(1, 13, seen);
    let (stamp, base, age) =
        (Stamp { wall_ms: 14, counter: 99, site: SiteId(2) }, world.hub.rev, Age::Unknown);
    let action = to(Some(names(2)), 1);
    let change = Change { table: timesheets, gid: gid(3), stamp, base, age, action };
    let author = World::author(2, base);
    world.hub.take(&world.rules, &author, &[change]);
    assert!(!world.hub.rows[&gid(1)].lives());
    assert_eq!(world.cell(3, "employee_id"), names(2));
    assert_eq!(world.hub.conflicts.last().unwrap().loser.value, Some(names(1)));
}

#[test]
fn different_columns_do_not_conflict() {
    let mut world = World::new("latest");
    let seen = world.hub.rev;
    world.title(1, 10, seen, "Şef");
    let column = world.rules[world.employees].column("department").unwrap();
    let edit = Edit { column, base: Some(Value::Null), value: text("Saha") };
    world.send(HQ, 5, seen, (world.employees, 1, Action::Update(vec![edit])));
    assert_eq!((world.cell(1, "title"), world.cell(1, "department")), (text("Şef"), text("Saha")));
    assert!(world.hub.conflicts.is_empty());
}

/// A restored hub is told again by offices that only read: when it was written they do not know.
#[test]
fn a_word_of_no_time_that_changes_nothing_keeps_no_deletion_from_its_row() {
    let mut world = World::new("latest");
    world.title(1, 10, world.hub.rev, "Şef");
    let seen = world.hub.rev;
    world.title(2, 0, Rev(0), "Kalfa");
    assert_eq!(world.hub.conflicts.last().unwrap().loser.value, Some(text("Kalfa")));
    assert_eq!(world.delete(1, 99, seen), Verdict::Applied);
    assert!(!world.hub.rows[&gid(1)].lives());
}

#[test]
fn an_update_wins_against_a_deletion_that_has_not_seen_it_in_both_orders() {
    for delete_first in [true, false] {
        let mut world = World::new("latest");
        let seen = world.hub.rev;
        if delete_first {
            assert_eq!(world.delete(1, 99, seen), Verdict::Applied);
            assert!(!world.hub.rows[&gid(1)].lives());
            world.title(HQ, 10, seen, "Şef");
        } else {
            world.title(HQ, 10, seen, "Şef");
            assert_eq!(world.delete(1, 99, seen), Verdict::NotDeleted);
            assert_eq!(world.hub.conflicts.len(), 1);
        }
        assert!(world.hub.rows[&gid(1)].lives());
        assert_eq!(world.cell(1, "title"), text("Şef"));
    }
}

#[test]
fn a_deletion_names_who_kept_the_row() {
    let day = |world: &mut World, site: u32, wall: i64, seen: Rev| {
        let timesheets = world.rules.table("timesheets").unwrap();
        let mut cells: Cells = vec![Some(Value::Null); world.rules[timesheets].columns.len()];
        let mut set =
            |name: &str, value| cells[world.rules[timesheets].column(name).unwrap().0] = Some(value);
        set("employee_id", gid(1).into());
        set("work_date", text(&format!("2026-01-{wall:02}")));
        world.send(
            site,
            wall,
            seen,
            (timesheets, 100 + u128::from(wall.unsigned_abs()), Action::Insert(cells)),
        );
    };
    let kept_by = |made: &dyn Fn(&mut World, Rev)| {
        let mut world = World::new("latest");
        // What the site wrote itself, and what it has seen of others.
        world.retitle(1, 11, world.hub.rev, ("Usta", "Şef"));
        day(&mut world, 3, 12, Rev(0));
        let seen = world.hub.rev;
        made(&mut world, seen);
        world.retitle(1, 13, seen, ("Şef", "Kalfa"));
        day(&mut world, 1, 14, seen);
        assert_eq!(world.delete(1, 20, seen), Verdict::NotDeleted);
        let [conflict] = &world.hub.conflicts[..] else { panic!("{:?}", world.hub.conflicts) };
        assert_eq!((conflict.loser.stamp.site, conflict.loser.stamp.wall_ms), (SiteId(1), 20));
        (conflict.winner.stamp.site.0, conflict.winner.stamp.wall_ms)
    };
    assert_eq!(kept_by(&|world, seen| day(world, 2, 5, seen)), (2, 5), "who hung something on it");
    let department = |world: &mut World, seen| {
        let column = world.rules[world.employees].column("department").unwrap();
        let edit = Edit { column, base: Some(Value::Null), value: text("Saha") };
        world.send(2, 6, seen, (world.employees, 1, Action::Update(vec![edit])));
    };
    assert_eq!(kept_by(&department), (2, 6), "who changed another column of it");
}

#[test]
fn a_deletion_that_has_seen_the_update_deletes() {
    let mut world = World::new("latest");
    let seen = world.hub.rev;
    world.title(HQ, 10, seen, "Şef");
    let seen = world.hub.rev;
    assert_eq!(world.delete(1, 5, seen), Verdict::Applied);
    assert!(world.hub.data().is_empty());
}

#[test]
fn the_same_plate_entered_twice_is_one_vehicle_of_the_first_entry() {
    for first_first in [true, false] {
        let mut world = World::new("latest");
        let vehicles = world.vehicles;
        let mut entries = [(1, 10, 2_u128, "eski"), (2, 20, 3, "yeni")];
        if !first_first {
            entries.reverse();
        }
        for (site, wall, row, notes) in entries {
            let values = [("plate", "00 T 1"), ("notes", notes), ("region", "Ankara")];
            world.insert(site, wall, vehicles, row, &values);
        }
        assert!(world.hub.rows[&gid(2)].lives());
        assert_eq!(world.hub.rows[&gid(3)].became(), Some(gid(2)));
        assert_eq!(world.cell(2, "notes"), text("yeni"), "the later word on each column");
        assert_eq!(world.hub.conflicts.len(), 1);
        assert_eq!(world.hub.conflicts[0].loser.value, Some(text("eski")));
    }
}

#[test]
fn what_refers_to_a_row_that_became_another_refers_to_that_one() {
    let mut world = World::new("latest");
    let (vehicles, faults) = (world.vehicles, world.rules.table("vehicle_faults").unwrap());
    let fault = |world: &mut World, row: u128| {
        let mut cells: Cells = vec![None; world.rules[faults].columns.len()];
        cells[0] = Some(gid(3).into());
        cells[1] = Some(text("Fren"));
        world.send(2, 20 + i64::try_from(row).unwrap(), Rev(0), (faults, row, Action::Insert(cells)))
    };
    world.insert(2, 20, vehicles, 3, &[("plate", "00 T 1"), ("region", "Ankara")]);
    fault(&mut world, 4);
    world.insert(1, 10, vehicles, 2, &[("plate", "00 T 1"), ("region", "Ankara")]);
    fault(&mut world, 5);
    for row in [4, 5] {
        assert_eq!(world.cell(row, "vehicle_id"), Value::from(gid(2)));
        assert_eq!(world.cell(row, "region"), text("Ankara"), "filled in from the vehicle");
    }
}

#[test]
fn who_is_known_first_without_a_namesake_is_followed_when_one_comes_in_the_same_batch() {
    let mut world = World::new("latest");
    let (vehicles, faults) = (world.vehicles, world.rules.table("vehicle_faults").unwrap());
    let fault = |world: &World| {
        let mut cells: Cells = vec![None; world.rules[faults].columns.len()];
        (cells[0], cells[1]) = (Some(gid(3).into()), Some(text("Fren")));
        Action::Insert(cells)
    };
    world.insert(2, 20, vehicles, 3, &[("plate", "00 T 1"), ("region", "Ankara")]);
    let theirs = fault(&world);
    world.send(2, 24, Rev(0), (faults, 4, theirs));
    let mut cells: Cells = vec![None; world.rules[vehicles].columns.len()];
    for (name, value) in [("plate", "00 T 1"), ("region", "Ankara")] {
        cells[world.rules[vehicles].column(name).unwrap().0] = Some(text(value));
    }
    let changes = [(faults, 5, fault(&world)), (vehicles, 2, Action::Insert(cells))];
    let batch: Vec<Change> = changes
        .into_iter()
        .zip(9..)
        .map(|((table, row, action), wall_ms)| {
            let stamp = Stamp { wall_ms, counter: 0, site: SiteId(1) };
            Change { table, gid: gid(row), stamp, base: Rev(0), age: Age::Known, action }
        })
        .collect();
    world.hub.take(&world.rules, &World::author(1, Rev(0)), &batch);
    for row in [4, 5] {
        assert_eq!(world.cell(row, "vehicle_id"), Value::from(gid(2)));
    }
}

#[test]
fn another_region_s_vehicle_is_not_taken_over_by_its_plate() {
    for first_first in [true, false] {
        let mut world = World::new("latest");
        let vehicles = world.vehicles;
        let mut entries = [(1, 10, 2_u128, "Ankara"), (7, 20, 3, "Bursa")];
        if !first_first {
            entries.reverse();
        }
        for (site, wall, row, region) in entries {
            let values = [("plate", "00 T 1"), ("notes", region), ("region", region)];
            assert_eq!(world.insert(site, wall, vehicles, row, &values), Verdict::Applied);
        }
        for (row, region) in [(2, "Ankara"), (3, "Bursa")] {
            assert!(world.hub.rows[&gid(row)].lives());
            assert_eq!((world.cell(row, "region"), world.cell(row, "notes")), (text(region), text(region)));
        }
        assert!(world.hub.conflicts.is_empty());
        assert_eq!(world.hub.namesakes.len(), 1, "told once, by who came second");
        let told = [&world.hub.namesakes[0].owner, &world.hub.namesakes[0].other_owner];
        assert!(
            ["Ankara", "Bursa"].iter().all(|region| told.contains(&&Owner::Region((*region).to_owned())))
        );
    }
}

#[test]
fn an_office_does_not_bring_back_another_region_s_row_by_hanging_its_own_on_it() {
    let mut world = World::new("latest");
    let vehicles = world.vehicles;
    let [faults, inspections, drivers] =
        ["vehicle_faults", "vehicle_inspections", "drivers"].map(|table| world.rules.table(table).unwrap());
    world.insert(1, 10, vehicles, 2, &[("plate", "00 T 1"), ("region", "Ankara")]);
    world.insert(7, 10, vehicles, 3, &[("plate", "00 T 2"), ("region", "Bursa")]);
    world.insert(1, 11, drivers, 4, &[("full_name", "Deniz"), ("region", "Ankara")]);
    let seen = world.hub.rev;
    for (table, row) in [(vehicles, 2), (drivers, 4)] {
        assert_eq!(world.send(1, 20, seen, (table, row, Action::Delete { with: None })), Verdict::Applied);
    }
    let mut hang = |table: TableId, row: u128, references: &[(&str, u128)]| {
        let rules = &world.rules[table];
        let mut cells: Cells = vec![None; rules.columns.len()];
        cells[rules.column("region").unwrap().0] = Some(text("Bursa"));
        for (column, to) in references {
            cells[rules.column(column).unwrap().0] = Some(gid(*to).into());
        }
        world.send(7, 30, Rev(0), (table, row, Action::Insert(cells)))
    };
    let gone = Refusal::Gone(merge::ColumnId(0));
    assert_eq!(hang(faults, 5, &[("vehicle_id", 2)]), Verdict::Refused(gone));
    assert_eq!(hang(inspections, 6, &[("vehicle_id", 3), ("driver_id", 4)]), Verdict::Applied);
    assert!([2, 4].iter().all(|row| !world.hub.rows[&gid(*row)].lives()));
    assert_eq!(world.cell(6, "driver_id"), Value::Null);
    // Headquarters goes on with the driver: he is there again, also in the inspection.
    let name = Edit { column: merge::ColumnId(0), base: None, value: text("Deniz A") };
    world.send(HQ, 40, seen, (drivers, 4, Action::Update(vec![name])));
    assert_eq!(world.cell(6, "driver_id"), Value::from(gid(4)));
}

#[test]
fn an_office_cannot_write_or_take_another_region_s_row() {
    let mut world = World::new("latest");
    let seen = world.hub.rev;
    let refused = Verdict::Refused(Refusal::Region);
    assert_eq!(world.title(7, 10, seen, "Şef"), refused);
    assert_eq!(world.delete(7, 11, seen), refused);
    let region = world.rules[world.employees].column("region").unwrap();
    for (site, to) in [(1, "Bursa"), (7, "Bursa")] {
        let edit = Edit { column: region, base: Some(text("Ankara")), value: text(to) };
        let verdict = world.send(site, 12, seen, (world.employees, 1, Action::Update(vec![edit])));
        assert_eq!(verdict, refused);
    }
    let blank = Edit { column: region, base: Some(text("Ankara")), value: text(" ") };
    world.send(1, 13, seen, (world.employees, 1, Action::Update(vec![blank])));
    assert_eq!(world.cell(1, "region"), text("Ankara"));
}

#[test]
fn a_change_of_a_row_that_nobody_knows_is_refused() {
    let mut world = World::new("latest");
    let edit = Edit { column: merge::ColumnId(0), base: None, value: text("x") };
    let verdict = world.send(1, 1, Rev(0), (world.employees, 44, Action::Update(vec![edit])));
    assert_eq!(verdict, Verdict::Refused(Refusal::Unknown));
}

#[test]
fn the_preset_asks_nobody_unless_told_so() {
    let rules = rainstaff();
    let policies = rules.tables().flat_map(|(_, table)| table.columns.iter().map(|column| column.conflict));
    assert!(policies.into_iter().all(|policy| policy == ConflictPolicy::Latest));
}

/// What a site does, having seen so much.
type Deed<'a> = &'a dyn Fn(&mut World, Rev) -> Verdict;

/// Both orders of arrival: what two sites do that know nothing of each other. Each time: what stands is told by the hub
/// alone, so all sites agree (their files are what it hands out); every value stands in a row, living or dead, or was
/// refused and is still in the file of who wrote it.
fn both_orders(
    prepare: impl Fn(&mut World),
    deeds: [Deed<'_>; 2],
    written: &[&str],
) -> [(World, [Verdict; 2]); 2] {
    [false, true].map(|turned| {
        let mut world = World::new("latest");
        prepare(&mut world);
        let seen = world.hub.rev;
        let mut verdicts = [Verdict::Unchanged, Verdict::Unchanged];
        let mut order = [0, 1];
        if turned {
            order.reverse();
        }
        for at in order {
            verdicts[at] = deeds[at](&mut world, seen);
        }
        let refused = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Refused(_)));
        for value in written {
            assert!(refused || world.hub.remembers(&text(value)), "{value} is nowhere");
        }
        (world, verdicts)
    })
}

fn vehicle(world: &mut World, site: u32, wall: i64, row: u128, plate: &str) -> Verdict {
    let vehicles = world.vehicles;
    world.insert(site, wall, vehicles, row, &[("plate", plate), ("region", "Ankara")])
}

fn fault(world: &mut World, site: u32, row: u128, vehicle: u128, region: &str) -> Verdict {
    let faults = world.rules.table("vehicle_faults").unwrap();
    let mut cells: Cells = vec![Some(Value::Null); world.rules[faults].columns.len()];
    for (column, value) in
        [("vehicle_id", gid(vehicle).into()), ("title", text("Fren")), ("region", text(region))]
    {
        cells[world.rules[faults].column(column).unwrap().0] = Some(value);
    }
    world.send(site, 30, Rev(0), (faults, row, Action::Insert(cells)))
}

fn scrap(world: &mut World, site: u32, seen: Rev, row: u128) -> Verdict {
    let vehicles = world.vehicles;
    world.send(site, 40, seen, (vehicles, row, Action::Delete { with: None }))
}

// The cases that the head of `merge.rs` leaves out of "any order of arrival".

#[test]
fn across_regions_who_comes_first_decides_and_nothing_is_lost() {
    let prepare = |world: &mut World| _ = vehicle(world, 1, 10, 2, "00 T 1");
    let hang = |world: &mut World, _: Rev| fault(world, 7, 5, 2, "Bursa");
    let delete = |world: &mut World, seen: Rev| scrap(world, 1, seen, 2);
    let [(hung, first), (gone, second)] = both_orders(prepare, [&hang, &delete], &["00 T 1", "Fren"]);
    assert_eq!(first, [Verdict::Applied, Verdict::NotDeleted]);
    assert!(hung.hub.rows[&gid(2)].lives() && hung.hub.rows[&gid(5)].lives());
    assert_eq!(hung.hub.conflicts.len(), 1, "the deletion is kept, and can be taken after all");
    assert_eq!(second, [Verdict::Refused(Refusal::Gone(merge::ColumnId(0))), Verdict::Applied]);
    assert!(!gone.hub.rows[&gid(2)].lives() && !gone.hub.rows.contains_key(&gid(5)));
    assert!(gone.hub.remembers(&text("00 T 1")));
}

#[test]
fn a_row_that_gets_another_parent_stands_under_it_whatever_becomes_of_the_old_one() {
    let prepare = |world: &mut World| {
        vehicle(world, 1, 10, 2, "00 T 1");
        vehicle(world, 1, 10, 3, "00 T 2");
        fault(world, 1, 5, 2, "Ankara");
    };
    let give = |world: &mut World, seen: Rev| {
        let faults = world.rules.table("vehicle_faults").unwrap();
        let edit = Edit { column: merge::ColumnId(0), base: Some(gid(2).into()), value: gid(3).into() };
        world.send(2, 50, seen, (faults, 5, Action::Update(vec![edit])))
    };
    let delete = |world: &mut World, seen: Rev| scrap(world, 1, seen, 2);
    let written = ["00 T 1", "00 T 2", "Fren"];
    for (world, verdicts) in both_orders(prepare, [&give, &delete], &written) {
        assert_eq!(verdicts[0], Verdict::Applied);
        assert!(world.hub.rows[&gid(5)].lives() && world.hub.rows[&gid(3)].lives());
        assert_eq!(world.cell(5, "vehicle_id"), Value::from(gid(3)));
    }
}

#[test]
fn a_name_that_was_given_on_names_one_living_row_and_both_contents_are_kept() {
    let prepare = |world: &mut World| _ = vehicle(world, 1, 10, 2, "00 T 1");
    let give_on = |world: &mut World, seen: Rev| {
        assert!(!matches!(scrap(world, 1, seen, 2), Verdict::Refused(_)));
        let vehicles = world.vehicles;
        let values = [("plate", "00 T 1"), ("notes", "yeni"), ("region", "Ankara")];
        world.insert(1, 60, vehicles, 3, &values)
    };
    let work = |world: &mut World, seen: Rev| {
        let column = world.rules[world.vehicles].column("brand").unwrap();
        let edit = Edit { column, base: Some(Value::Null), value: text("Marka") };
        let vehicles = world.vehicles;
        world.send(2, 50, seen, (vehicles, 2, Action::Update(vec![edit])))
    };
    for (world, verdicts) in both_orders(prepare, [&give_on, &work], &["00 T 1", "yeni", "Marka"]) {
        assert_eq!(verdicts, [Verdict::Applied, Verdict::Applied]);
        let living = world.hub.data();
        let bearers = living.values().filter(|(table, _)| *table == world.vehicles).count();
        assert_eq!(bearers, 1, "the hub's own check says so too: no name twice");
    }
}
