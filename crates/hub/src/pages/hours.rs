//! Hours of timesheets on pages and in files.
//!
//! What is planned, each office's own settings say, as far as its PCs told them; where nothing was told it is what the
//! program itself plans. Pages say which.

use std::{borrow::Cow, collections::BTreeMap};

use export::reason;
use model::Value;
use office::{
    hours::{self, Entry, Hours, Hundredths, Schedule, Setting, Shift, ShiftError},
    input,
};
use store::{Asked, Line, OfficeSettings, ShiftColumns};

use super::{
    Person,
    list::{Head, RowCell},
    shown::{self, Shown},
    told::fill,
};
use crate::{Language, answer::Refusal, app::App, words::Words};

/// Worked, planned, overtime, night, past midnight, and worked on a special day.
pub(crate) const AMOUNTS: usize = 6;

/// What many rows come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub amounts: [Hundredths; AMOUNTS],
    /// Rows that cannot be calculated.
    pub failed: usize,
}

/// Cells of a row as texts, which live as long as an [`Entry`] of them.
pub(super) struct Told<'a>([Cow<'a, str>; 5]);

impl<'a> Told<'a> {
    pub fn of(values: [&'a Value; 5]) -> Self {
        Self(values.map(|value| match value {
            Value::Null => "".into(),
            Value::Text(text) => text.as_str().into(),
            other => other.to_string().into(),
        }))
    }

    pub fn of_line(columns: &ShiftColumns, line: &'a Line) -> Self {
        Self::of(columns.telling().map(|at| &line.cells[at].value))
    }

    /// The same without what it was told by.
    pub fn owned(self) -> Told<'static> {
        Told(self.0.map(|text| text.into_owned().into()))
    }

    pub fn entry(&self) -> Entry<'_> {
        let [date, start, end, break_minutes, special] = &self.0;
        // As in the old program, a mark that nobody knows is none.
        let is_special = input::flag(special).unwrap_or(false);
        Entry { date, start, end, break_minutes, is_special }
    }

    pub fn date(&self) -> &str {
        &self.0[0]
    }

    /// As its office plans.
    pub fn hours(&self, schedule: &Schedule) -> Result<Hours, ShiftError> {
        Ok(Shift::read(&self.entry())?.hours(schedule))
    }
}

/// What the offices plan, and what they call themselves.
#[derive(Debug, Default)]
pub(super) struct Offices {
    told: BTreeMap<String, OfficeSettings>,
    /// Of those who told something; a plan that says nothing is the program's own.
    plans: BTreeMap<String, Schedule>,
    usual: Schedule,
}

impl Offices {
    pub async fn of(app: &App, person: &Person) -> Result<Self, Refusal> {
        Ok(Self::read(app.store.offices(&person.viewer).await?))
    }

    fn read(told: BTreeMap<String, OfficeSettings>) -> Self {
        let plan = |(region, told): (&String, &OfficeSettings)| {
            Some((region.clone(), Schedule::read(&settings(told)).ok()?))
        };
        Self { plans: told.iter().filter_map(plan).collect(), told, usual: Schedule::default() }
    }

    pub fn plan(&self, region: Option<&str>) -> &Schedule {
        region.and_then(|region| self.plans.get(region)).unwrap_or(&self.usual)
    }

    /// How is planned: where all offices plan as the program does, one line says so; else there is one for each that does
    /// not, and for each whose settings say nothing.
    pub fn shown(&self, words: &Words) -> Vec<String> {
        let said = words.files();
        let mut lines = vec![said.schedule.to_owned()];
        for (region, told) in &self.told {
            match self.plans.get(region) {
                Some(plan) if *plan == self.usual => {}
                Some(_) => {
                    let of = |setting: Setting, usual: &str| {
                        let own = told.get(&setting.to_string()).map(|own| own.trim());
                        own.filter(|own| !own.is_empty()).unwrap_or(usual).to_owned()
                    };
                    let (hours, start) =
                        (of(Setting::WeekdayHours, "9"), of(Setting::SaturdayStart, "09:00"));
                    let end = of(Setting::SaturdayEnd, "14:00");
                    let own = [("region", &**region), ("hours", &hours), ("start", &start), ("end", &end)];
                    lines.push(fill(said.own_schedule, &own));
                }
                None => lines.push(fill(said.no_schedule, &[("region", region)])),
            }
        }
        lines
    }

    /// What all of these offices say of a setting; `None`: nothing, or not the same.
    pub fn common<'a>(&'a self, regions: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
        let mut all = regions.map(|region| self.told.get(region)?.get(name).map(|value| value.trim()));
        let first = all.next().flatten().filter(|value| !value.is_empty())?;
        all.all(|other| other == Some(first)).then_some(first)
    }
}

fn settings(told: &OfficeSettings) -> hours::Settings<'_> {
    let of = |setting: Setting| told.get(&setting.to_string()).map_or("", String::as_str);
    hours::Settings {
        weekday_hours: of(Setting::WeekdayHours),
        saturday_start: of(Setting::SaturdayStart),
        saturday_end: of(Setting::SaturdayEnd),
    }
}

pub(super) const fn amounts(hours: &Hours) -> [Hundredths; AMOUNTS] {
    [hours.worked, hours.planned, hours.overtime, hours.night, hours.past_midnight, hours.special_normal]
}

impl Totals {
    /// Adds rows that all say the same.
    pub fn add(&mut self, hours: Result<&Hours, &ShiftError>, rows: usize) {
        let Ok(hours) = hours else {
            self.failed += rows;
            return;
        };
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        for (sum, amount) in self.amounts.iter_mut().zip(amounts(hours)) {
            *sum += Hundredths(amount.0.saturating_mul(rows));
        }
    }

    /// Of all rows that match, on whichever page they stand.
    pub async fn of(
        app: &App,
        person: &Person,
        (at, columns): (usize, &ShiftColumns),
        (asked, offices): (&Asked, &Offices),
    ) -> Result<Self, Refusal> {
        let mut totals = Self::default();
        let add = |region: Option<&str>, values: [&Value; 5], rows| {
            totals.add(Told::of(values).hours(offices.plan(region)).as_ref(), rows);
        };
        app.store.tally(&person.viewer, (at, columns.telling()), asked, add).await?;
        Ok(totals)
    }

    pub fn shown(&self, words: &Words) -> Vec<(&'static str, String)> {
        let amounts = self.amounts.map(|amount| amount_text(words.language, amount));
        words.files().amounts.into_iter().zip(amounts).collect()
    }

    /// `152,50 s, fazla 4,00`
    pub fn short(&self, words: &Words) -> String {
        let [worked, _, overtime, ..] = self.amounts.map(|amount| amount_text(words.language, amount));
        let said = words.files();
        format!("{worked} {}, {} {overtime}", said.hours, said.overtime)
    }
}

/// What a person's months come to, by `2026-01`.
pub(super) async fn of_months(
    app: &App,
    person: &Person,
    (at, columns): (usize, ShiftColumns),
    (asked, offices): (&Asked, &Offices),
) -> Result<BTreeMap<String, Totals>, Refusal> {
    let mut months: BTreeMap<String, Totals> = BTreeMap::new();
    let add = |region: Option<&str>, values: [&Value; 5], rows| {
        let told = Told::of(values);
        let month = told.date().get(..7).unwrap_or_default().to_owned();
        months.entry(month).or_default().add(told.hours(offices.plan(region)).as_ref(), rows);
    };
    app.store.tally(&person.viewer, (at, columns.telling()), asked, add).await?;
    Ok(months)
}

pub(super) fn heads(words: &Words) -> impl Iterator<Item = Head> + use<> {
    let head = |label: &str| Head { label: label.to_owned(), kind: "number", href: None, sorted: "" };
    words.files().amounts.into_iter().map(head)
}

/// Of a row that cannot be calculated the first says why, and the others nothing.
pub(super) fn cells(
    (words, offices): (&Words, &Offices),
    columns: &ShiftColumns,
    line: &Line,
) -> Vec<RowCell> {
    let plan = offices.plan(line.region.as_deref());
    let texts = match Told::of_line(columns, line).hours(plan) {
        Ok(hours) => amounts(&hours).map(|amount| (amount_text(words.language, amount), "number")),
        Err(why) => {
            let why = (reason(of_files(words.language), &why), "failed");
            let mut texts = [const { (String::new(), "") }; AMOUNTS];
            texts[0] = why;
            texts
        }
    };
    let labels = words.files().amounts;
    let cell = |(label, (text, kind)): (&str, (String, &'static str))| RowCell {
        label: label.to_owned(),
        shown: Shown { text, kind, ..Shown::default() },
        names: false,
    };
    labels.into_iter().zip(texts).map(cell).collect()
}

fn amount_text(language: Language, amount: Hundredths) -> String {
    shown::hundredths(language, amount.0)
}

pub(crate) const fn of_files(language: Language) -> export::Language {
    match language {
        Language::Turkish => export::Language::Turkish,
        Language::English => export::Language::English,
    }
}
