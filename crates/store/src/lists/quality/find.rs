//! Looks through the rows in memory.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use merge::{Holds, Owner, TableId};
use model::{Gid, Value};
use office::{
    hours::Entry,
    input::{self, CheckStatus},
    quality::{self, Finding as Said, Person},
    vehicles::{self, Deadline, Fault, Inspection, Odometer, Oil, Problems, Reading, Urgency},
};

use super::{
    Detail, Findings, Found, Kind, Severity,
    columns::{CheckColumns, FaultColumns, OilColumns, PersonColumns},
    key,
};
use crate::lists::{
    column::{self, Column},
    index::Index,
    pages::{ListPage, PageColumn, Pages, ShiftColumns},
    shelf::Shelf,
};

impl Findings {
    /// Looks at everything. **Shape**: the most serious first, then by kind, of one kind the newest first.
    pub fn look(index: &Index, (rules, pages): (&merge::Rules, &Pages), today: Date) -> Self {
        let mut look = Look { index, rules, today, found: Vec::new() };
        for list in pages.all() {
            if let Some(shelf) = index.shelf(list.table) {
                look.list(list, shelf);
            }
        }
        let mut found = look.found;
        found.sort_by(|one, other| {
            let order = |of: &Found| (std::cmp::Reverse(of.severity), of.kind, std::cmp::Reverse(of.date));
            order(one).cmp(&order(other)).then_with(|| one.key.cmp(&other.key))
        });
        Self { rev: index.rev(), today, found, owners: index.owners().to_vec() }
    }
}

struct Look<'a> {
    index: &'a Index,
    rules: &'a merge::Rules,
    today: Date,
    found: Vec<Found>,
}

impl<'a> Look<'a> {
    fn list(&mut self, list: &'a ListPage, shelf: &'a Shelf) {
        self.references(list, shelf);
        self.regions(list, shelf);
        self.dates(list, shelf);
        if let Some(columns) = &list.shifts {
            self.shifts(list, shelf, columns);
        }
        if let Some(columns) = &list.quality.person {
            self.people(list, shelf, columns);
        }
        list.quality.runs_out.iter().for_each(|at| self.deadlines(list, shelf, *at));
        if let Some(columns) = &list.quality.oil {
            self.oil(list, shelf, columns);
        }
        if let Some(columns) = &list.quality.fault {
            self.faults(list, shelf, columns);
        }
        if let Some(columns) = &list.quality.check {
            self.checks(list, shelf, columns);
        }
    }

    fn add(
        &mut self,
        (kind, severity): (Kind, Severity),
        (shelf, row): (&Shelf, usize),
        (date, detail): (Option<Date>, Detail),
    ) {
        let (table, gid, owner) = (shelf.table, shelf.gid(row), shelf.owners[row]);
        let key = key(kind, gid.uuid().as_bytes(), &detail);
        self.found.push(Found { kind, severity, table, gid, owner, date, detail, key });
    }

    /// As [`Self::add`], of a row that another one stands for.
    fn add_to(&mut self, what: (Kind, Severity), (table, gid): (TableId, Gid), said: (Option<Date>, Detail)) {
        let index = self.index;
        let Some(shelf) = index.shelf(table) else { return };
        if let Some(row) = shelf.row(gid) {
            self.add(what, (shelf, row), said);
        }
    }

    /// Rows that refer to what is not there, or to nothing where they must.
    fn references(&mut self, list: &ListPage, shelf: &'a Shelf) {
        let shifts = list.shifts.map(|shifts| shifts.person);
        for (at, column) in list.columns.iter().enumerate().filter(|(at, _)| Some(*at) != shifts) {
            let Some(referred) = column.refers.and_then(|table| self.index.shelf(table)) else { continue };
            let must = self.rules[list.table][column.column].not_null;
            let values = shelf.column(column.column.0);
            let is_lost = |value: &Value| match Gid::of(value) {
                Some(gid) => referred.row(gid).is_none(),
                None => must,
            };
            let lost: Vec<bool> = values.values().iter().map(is_lost).collect();
            for row in (0..shelf.len()).filter(|row| lost[values.rows()[*row] as usize]) {
                self.add((Kind::Orphan, Severity::Serious), (shelf, row), (None, Detail::Column(at)));
            }
        }
    }

    /// Rows that are nobody's, and rows that say another region than what they belong to.
    fn regions(&mut self, list: &ListPage, shelf: &'a Shelf) {
        let (said, through) = self.rules[list.table].region_columns();
        let above = through.and_then(|column| {
            let table = self.rules[list.table][column].reference?.table;
            Some((shelf.column(column.0), self.index.shelf(table)?))
        });
        for row in 0..shelf.len() {
            let owner = &self.index.owners()[shelf.owners[row] as usize];
            if *owner == Owner::Nobody {
                self.add((Kind::NoRegion, Severity::Serious), (shelf, row), (None, Detail::Nothing));
            }
            let (Some(_), Some((through, above))) = (said, above) else { continue };
            let parent = Gid::of(through.value(row)).and_then(|gid| above.row(gid));
            let parent = parent.map(|row| &self.index.owners()[above.owners[row] as usize]);
            if parent.is_some_and(|parent| parent != owner && *parent != Owner::Nobody) {
                self.add((Kind::RegionDiffers, Severity::Warning), (shelf, row), (None, Detail::Nothing));
            }
        }
    }

    /// Texts that should be a date or a time and are none; those of days of work are told with their day.
    fn dates(&mut self, list: &ListPage, shelf: &'a Shelf) {
        let shifts = list.shifts.map(|shifts| shifts.telling()).unwrap_or_default();
        let own = |at: usize| list.shifts.is_none() || !shifts.contains(&at);
        for (at, page) in list.columns.iter().enumerate().filter(|(at, _)| own(*at)) {
            let Some(holds) = self.rules[list.table][page.column].holds else { continue };
            let values = shelf.column(page.column.0);
            let is_none = |value: &Value| is_none(holds, &column::text(value));
            let none: Vec<bool> = values.values().iter().map(is_none).collect();
            for row in (0..shelf.len()).filter(|row| none[values.rows()[*row] as usize]) {
                let text = column::text(values.value(row)).into_owned();
                let said = (None, Detail::Value { column: at, text });
                self.add((Kind::ImpossibleDate, Severity::Serious), (shelf, row), said);
            }
        }
    }

    fn shifts(&mut self, list: &ListPage, shelf: &'a Shelf, columns: &ShiftColumns) {
        let index = self.index;
        let people = list.columns[columns.person].refers.and_then(|table| index.shelf(table));
        let Some(people) = people else { return };
        let of = |at: usize| Texts::of(shelf.column(list.columns[at].column.0));
        let [date, start, end, pause, special] = columns.telling().map(of);
        let person = shelf.column(list.columns[columns.person].column.0);
        let rows: Vec<_> = (0..shelf.len())
            .map(|row| {
                let is_special = input::flag(special.row(row)).unwrap_or(false);
                let entry = Entry {
                    date: date.row(row),
                    start: start.row(row),
                    end: end.row(row),
                    break_minutes: pause.row(row),
                    is_special,
                };
                let whose = Gid::of(person.value(row)).filter(|gid| people.row(*gid).is_some());
                (row, whose, entry)
            })
            .collect();
        // What is usual is not looked at row by row: few days and few shifts make up all rows.
        let usual = [usual_days(&date), usual_shifts((&start, &end, &pause, &special), shelf.len())];
        let each =
            rows.iter().filter(|(row, whose, _)| whose.is_none() || usual.iter().any(|usual| !usual[*row]));
        let each = each.map(|(row, whose, entry)| quality::Row {
            id: *row,
            person: whose.map(|_| 0),
            entry: *entry,
        });
        for said in quality::rows(each) {
            self.shift((shelf, columns, &date), said);
        }
        let each = rows.iter().map(|(_, person, entry)| quality::Row {
            id: Gid::new(0, 0),
            person: *person,
            entry: *entry,
        });
        for said in quality::days_in_a_row(each) {
            let Said::NoDayOff { person, first, last, days } = said else { continue };
            let said = (Some(last), Detail::Days { first, last, days });
            self.add_to((Kind::NoDayOff, Severity::Warning), (people.table, person), said);
        }
    }

    fn shift(&mut self, (shelf, columns, date): (&Shelf, &ShiftColumns, &Texts<'_>), said: Said<usize>) {
        let (what, row, detail) = match said {
            Said::Unreadable { row, error } => {
                ((Kind::ImpossibleTime, Severity::Serious), row, Detail::Shift(error))
            }
            Said::Orphan { row } => ((Kind::Orphan, Severity::Serious), row, Detail::Column(columns.person)),
            Said::NothingWorked { row, gross } => {
                ((Kind::NothingWorked, Severity::Serious), row, Detail::Hours(gross))
            }
            Said::LongShift { row, gross } => {
                ((Kind::LongShift, Severity::Warning), row, Detail::Hours(gross))
            }
            Said::PastMidnight { row, hours } => {
                ((Kind::PastMidnight, Severity::Info), row, Detail::Hours(hours))
            }
            Said::SpecialDay { row } => ((Kind::SpecialDay, Severity::Info), row, Detail::Nothing),
            Said::NoDayOff { .. } | Said::SamePerson { .. } => return,
        };
        self.add(what, (shelf, row), (day(date.row(row)), detail));
    }

    fn people(&mut self, list: &ListPage, shelf: &'a Shelf, columns: &PersonColumns) {
        let of = |at: usize| Texts::of(shelf.column(list.columns[at].column.0));
        let (name, identity) = (of(columns.name), of(columns.identity));
        let index = self.index;
        let people = (0..shelf.len()).map(|row| Person {
            id: shelf.gid(row),
            name: name.row(row),
            identity_no: identity.row(row),
            region: match &index.owners()[shelf.owners[row] as usize] {
                Owner::Region(region) => region,
                Owner::Shared | Owner::Nobody => "",
            },
        });
        for said in quality::same_people(people) {
            let Said::SamePerson { mut people, by } = said else { continue };
            people.sort_unstable();
            let first = people.remove(0);
            let said = (None, Detail::Others { others: people, by });
            self.add_to((Kind::SamePerson, Severity::Warning), (shelf.table, first), said);
        }
    }

    fn deadlines(&mut self, list: &ListPage, shelf: &'a Shelf, at: usize) {
        let values = shelf.column(list.columns[at].column.0);
        let days: Vec<Option<Date>> = values.values().iter().map(|value| day(&column::text(value))).collect();
        for row in 0..shelf.len() {
            let Some(on) = days[values.rows()[row] as usize] else { continue };
            let deadline = Deadline::new(on, self.today);
            let severity = match deadline.urgency() {
                Urgency::Overdue => Severity::Serious,
                Urgency::Critical => Severity::Warning,
                Urgency::Soon => Severity::Info,
                Urgency::Fine => continue,
            };
            let said = Detail::Deadline { column: at, on, days_left: deadline.days_left };
            self.add((Kind::Deadline, severity), (shelf, row), (Some(on), said));
        }
    }

    fn oil(&mut self, list: &ListPage, shelf: &'a Shelf, columns: &OilColumns) {
        let of = |at: usize, row: usize| match shelf.column(list.columns[at].column.0).value(row) {
            Value::Int(number) => Some(*number),
            _ => None,
        };
        for row in 0..shelf.len() {
            let (km, changed) = (of(columns.km, row), of(columns.changed, row));
            let odometer =
                Odometer { km, oil_change_km: changed, oil_interval_km: of(columns.interval, row) };
            match Oil::of(odometer) {
                Oil::Due { over_km } => {
                    let said = Detail::Oil { left_km: over_km.saturating_neg() };
                    self.add((Kind::Oil, Severity::Serious), (shelf, row), (None, said));
                }
                Oil::Soon { left_km } => {
                    let said = Detail::Oil { left_km };
                    self.add((Kind::Oil, Severity::Info), (shelf, row), (None, said));
                }
                Oil::Unknown | Oil::Fine { .. } => {}
            }
            if let (Some(km @ 1..), Some(changed)) = (km, changed)
                && km < changed
            {
                let said = Detail::Km { km, before: changed };
                self.add((Kind::Odometer, Severity::Warning), (shelf, row), (None, said));
            }
        }
    }

    fn faults(&mut self, list: &ListPage, shelf: &'a Shelf, columns: &FaultColumns) {
        let of = |at: usize| Texts::of(shelf.column(list.columns[at].column.0));
        let (title, opened) = (of(columns.title), of(columns.opened));
        let vehicle = &list.columns[columns.vehicle];
        let vehicles = shelf.column(vehicle.column.0);
        let faults = (0..shelf.len()).filter_map(|row| {
            let vehicle = Gid::of(vehicles.value(row))?;
            Some(Fault { vehicle, title: title.row(row), opened: day(opened.row(row))? })
        });
        let repeated = vehicles::repeated_faults(faults, self.today);
        if let Some(table) = vehicle.refers {
            for fault in repeated {
                let said = Detail::Fault { title: fault.title.to_owned(), times: fault.times };
                let said = (Some(fault.last_opened), said);
                self.add_to((Kind::RepeatedFault, Severity::Warning), (table, fault.vehicle), said);
            }
        }
        if let Some(table) = vehicle.refers {
            self.most_faults((table, vehicles));
        }
        let Some(state) = list.state() else { return };
        let open: Vec<_> = state.choices.iter().filter(|one| columns.open.contains(&one.name)).collect();
        let states = shelf.column(state.column.0);
        let is_open = |value: &Value| open.iter().any(|choice| choice.holds(&column::text(value)));
        let is_open: Vec<bool> = states.values().iter().map(is_open).collect();
        for row in (0..shelf.len()).filter(|row| is_open[states.rows()[*row] as usize]) {
            let said = (day(opened.row(row)), Detail::Nothing);
            self.add((Kind::OpenFault, Severity::Info), (shelf, row), said);
        }
    }

    fn checks(&mut self, list: &ListPage, shelf: &'a Shelf, columns: &CheckColumns) {
        let index = self.index;
        let Some(results) = index.shelf(columns.table) else { return };
        let (items, statuses) =
            (Texts::of(results.column(columns.item.0)), Texts::of(results.column(columns.status.0)));
        let mut of_check: HashMap<Gid, Vec<(&str, CheckStatus)>> = HashMap::new();
        let of = results.column(columns.of.0);
        for row in 0..results.len() {
            if let Some(check) = Gid::of(of.value(row)) {
                of_check
                    .entry(check)
                    .or_default()
                    .push((items.row(row), CheckStatus::read(statuses.row(row))));
            }
        }
        let value = |column: &PageColumn, row: usize| shelf.column(column.column.0).value(row);
        let (vehicle, driver) = (&list.columns[columns.vehicle], &list.columns[columns.driver]);
        let date = &list.columns[columns.date];
        let checks = (0..shelf.len()).filter_map(|row| {
            Some(Inspection {
                vehicle: Gid::of(value(vehicle, row))?,
                driver: Gid::of(value(driver, row)),
                date: day(&column::text(value(date, row)))?,
                results: of_check.get(&shelf.gid(row)).map_or(&[][..], Vec::as_slice),
            })
        });
        let checks: Vec<_> = checks.collect();
        if let Some(table) = vehicle.refers {
            self.problems(table, &checks);
        }
        if let Some(table) = driver.refers {
            self.drivers(table, &checks);
        }
        self.fallen((list, shelf), columns);
    }

    /// What vehicles' newest checks found, next to the ones before.
    fn problems(&mut self, table: TableId, checks: &[Inspection<'_, Gid>]) {
        for (vehicle, Problems { repeated, worse }) in vehicles::problems(checks.iter().copied()) {
            for (kind, items) in [(Kind::RepeatedProblem, repeated), (Kind::NewProblem, worse)] {
                if !items.is_empty() {
                    let items = items.into_iter().map(str::to_owned).collect();
                    self.add_to((kind, Severity::Warning), (table, vehicle), (None, Detail::Items(items)));
                }
            }
        }
    }

    fn drivers(&mut self, table: TableId, checks: &[Inspection<'_, Gid>]) {
        let last = vehicles::last_checks(checks.iter().copied());
        for (driver, check) in last.into_iter().filter(|(_, check)| check.problems > 0) {
            let said = (Some(check.date), Detail::Count(check.problems));
            self.add_to((Kind::DriverCheck, Severity::Info), (table, driver), said);
        }
    }

    /// Checks that noted fewer kilometres than the one before.
    fn fallen(&mut self, (list, shelf): (&ListPage, &Shelf), columns: &CheckColumns) {
        let value = |at: usize, row: usize| shelf.column(list.columns[at].column.0).value(row);
        let readings = (0..shelf.len()).filter_map(|row| {
            let Value::Int(km) = *value(columns.km, row) else { return None };
            let (vehicle, check) = (Gid::of(value(columns.vehicle, row))?, shelf.gid(row));
            Some(Reading { vehicle, check, date: day(&column::text(value(columns.date, row)))?, km })
        });
        for (reading, before) in vehicles::fallen(readings) {
            let said = (Some(reading.date), Detail::Km { km: reading.km, before });
            self.add_to((Kind::CheckKm, Severity::Serious), (shelf.table, reading.check), said);
        }
    }

    /// Of each office those of its vehicles that had the most faults.
    fn most_faults(&mut self, (table, vehicles): (TableId, &Column)) {
        let index = self.index;
        let Some(shelf) = index.shelf(table) else { return };
        let mut of_office: BTreeMap<u32, Vec<Gid>> = BTreeMap::new();
        for number in vehicles.rows() {
            let vehicle = Gid::of(&vehicles.values()[*number as usize]);
            if let Some((row, vehicle)) = vehicle.and_then(|vehicle| Some((shelf.row(vehicle)?, vehicle))) {
                of_office.entry(shelf.owners[row]).or_default().push(vehicle);
            }
        }
        for (vehicle, count) in of_office.into_values().flat_map(vehicles::most_faults) {
            self.add_to((Kind::MostFaults, Severity::Info), (table, vehicle), (None, Detail::Count(count)));
        }
    }
}

/// Of each row whether its day is one.
fn usual_days(date: &Texts<'_>) -> Vec<bool> {
    let is_day = |text: &std::borrow::Cow<'_, str>| is_usual(&Entry { date: text, ..USUAL });
    let days: Vec<bool> = date.values.iter().map(is_day).collect();
    date.rows.iter().map(|number| days[*number as usize]).collect()
}

/// Of each row whether there is nothing to say of its times, whatever its day is.
fn usual_shifts(
    (start, end, pause, special): (&Texts<'_>, &Texts<'_>, &Texts<'_>, &Texts<'_>),
    rows: usize,
) -> Vec<bool> {
    let mut known: HashMap<[u32; 4], bool> = HashMap::new();
    let usual = |row: usize| {
        let tells = [start.rows[row], end.rows[row], pause.rows[row], special.rows[row]];
        *known.entry(tells).or_insert_with(|| {
            let is_special = input::flag(special.row(row)).unwrap_or(false);
            let (start, end, break_minutes) = (start.row(row), end.row(row), pause.row(row));
            is_usual(&Entry { start, end, break_minutes, is_special, ..USUAL })
        })
    };
    (0..rows).map(usual).collect()
}

/// A row of which nothing is said.
const USUAL: Entry<'static> =
    Entry { date: "2000-01-03", start: "08:00", end: "09:00", break_minutes: "0", is_special: false };

fn is_usual(entry: &Entry<'_>) -> bool {
    quality::rows([quality::Row { id: 0, person: Some(0), entry: *entry }]).is_empty()
}

/// The values of a column as texts, each once.
struct Texts<'a> {
    rows: &'a [u32],
    values: Vec<std::borrow::Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    fn of(column: &'a Column) -> Self {
        Self { rows: column.rows(), values: column.values().iter().map(column::text).collect() }
    }

    fn row(&self, row: usize) -> &str {
        &self.values[self.rows[row] as usize]
    }
}

/// A day however people write it; `None` for what is none.
fn day(text: &str) -> Option<Date> {
    input::date(text).ok()
}

fn is_none(holds: Holds, text: &str) -> bool {
    let text = text.trim();
    match holds {
        _ if text.is_empty() => false,
        Holds::Date => model::Date::parse(text).is_none(),
        Holds::Time => text.parse::<office::TimeOfDay>().is_err(),
    }
}
