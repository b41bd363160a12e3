//! Hours of timesheets on pages and in files.
//!
//! The hub has none of the offices' settings, which never leave their PCs: what is planned is what the program itself plans
//! where nothing is set, and pages say so.

use std::{borrow::Cow, collections::BTreeMap};

use export::reason;
use model::Value;
use office::{
    hours::{Entry, Hours, Hundredths, Schedule, Shift, ShiftError},
    input,
};
use store::{Asked, Line, ShiftColumns};

use super::{
    Person,
    list::{Head, RowCell},
    shown::{self, Shown},
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

    pub fn hours(&self) -> Result<Hours, ShiftError> {
        Ok(Shift::read(&self.entry())?.hours(&schedule()))
    }
}

/// By which every row is calculated.
pub(super) fn schedule() -> Schedule {
    Schedule::default()
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
        asked: &Asked,
    ) -> Result<Self, Refusal> {
        let mut totals = Self::default();
        let add = |values: [&Value; 5], rows| totals.add(Told::of(values).hours().as_ref(), rows);
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
    asked: &Asked,
) -> Result<BTreeMap<String, Totals>, Refusal> {
    let mut months: BTreeMap<String, Totals> = BTreeMap::new();
    let add = |values: [&Value; 5], rows| {
        let told = Told::of(values);
        let month = told.date().get(..7).unwrap_or_default().to_owned();
        months.entry(month).or_default().add(told.hours().as_ref(), rows);
    };
    app.store.tally(&person.viewer, (at, columns.telling()), asked, add).await?;
    Ok(months)
}

pub(super) fn heads(words: &Words) -> impl Iterator<Item = Head> + use<> {
    let head = |label: &str| Head { label: label.to_owned(), kind: "number", href: None, sorted: "" };
    words.files().amounts.into_iter().map(head)
}

/// Of a row that cannot be calculated the first says why, and the others nothing.
pub(super) fn cells(words: &Words, columns: &ShiftColumns, line: &Line) -> Vec<RowCell> {
    let texts = match Told::of_line(columns, line).hours() {
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
