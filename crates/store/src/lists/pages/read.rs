//! Reads `pages.toml` and checks it against the tables.

use std::collections::HashSet;

use merge::{ColumnType, Kept, Rules, TableRules};
use serde::Deserialize;

use super::{
    super::quality::RawQuality, Choice, Label, ListPage, PageColumn, Pages, PagesError, ShiftColumns, Shows,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPages {
    #[serde(default)]
    list: Vec<RawList>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    table: String,
    path: String,
    #[serde(default = "yes")]
    own: bool,
    called: String,
    called_through: Option<String>,
    order: String,
    #[serde(default)]
    search: Vec<String>,
    month: Option<String>,
    state: Option<String>,
    label: Label,
    #[serde(default)]
    counted: bool,
    hours: Option<RawShifts>,
    #[serde(default)]
    quality: RawQuality,
    columns: Vec<RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShifts {
    person: String,
    date: String,
    start: String,
    end: String,
    #[serde(rename = "break")]
    pause: String,
    special: String,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    name: String,
    label: Label,
    #[serde(default = "yes")]
    listed: bool,
    #[serde(default)]
    personal: bool,
    #[serde(default)]
    erased: bool,
    #[serde(default)]
    shows: Shows,
    #[serde(default)]
    choices: Vec<Choice>,
}

const fn yes() -> bool {
    true
}

/// Reads the pages of a preset. An empty text has none.
///
/// # Errors
/// [`PagesError`] for anything that is not exactly pages of these tables.
pub(crate) fn read(text: &str, rules: &Rules) -> Result<Pages, PagesError> {
    let raw: RawPages = toml::from_str(text).map_err(|error| in_text(text, &error))?;
    let lists = raw.list.iter().map(|list| resolve(list, rules)).collect::<Result<Vec<_>, _>>()?;
    let (mut tables, mut paths) = (HashSet::new(), HashSet::new());
    if let Some(two) = raw.list.windows(2).find(|two| two[1].own && !two[0].own) {
        return Err(wrong(&two[1], "it has a page of its own and stands after one that has none".to_owned()));
    }
    for list in &raw.list {
        if !tables.insert(&list.table) || !paths.insert(&list.path) {
            return Err(wrong(list, "its table or its path stands twice".to_owned()));
        }
    }
    Ok(Pages { lists })
}

fn in_text(text: &str, error: &toml::de::Error) -> PagesError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    PagesError::Text { line: text[..at].matches('\n').count() + 1, what: error.message().to_owned() }
}

fn wrong(list: &RawList, what: String) -> PagesError {
    PagesError::List { table: list.table.clone(), what }
}

fn resolve(list: &RawList, rules: &Rules) -> Result<ListPage, PagesError> {
    let table = rules.table(&list.table).filter(|table| rules[*table].kept == Kept::Merged);
    let table = table.ok_or_else(|| wrong(list, "tables.toml has no such merged table".to_owned()))?;
    let rule = &rules[table];
    let is_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if list.path.is_empty() || !list.path.chars().all(is_path) {
        return Err(wrong(list, format!("`{}` is no path: small letters, figures, hyphens", list.path)));
    }
    check_columns(list, rule)?;
    let columns = list.columns.iter().map(|raw| column(list, raw, rule)).collect::<Result<Vec<_>, _>>()?;
    let find = |name: &String| place(list, name);
    let (descending, order) = match list.order.strip_prefix('-') {
        Some(name) => (true, name.to_owned()),
        None => (false, list.order.clone()),
    };
    let page = ListPage {
        name: list.table.clone(),
        label: list.label.clone(),
        own: list.own,
        path: list.path.clone(),
        counted: list.counted,
        table,
        called: find(&list.called)?,
        called_through: list.called_through.as_ref().map(find).transpose()?,
        order: (find(&order)?, descending),
        search: list.search.iter().map(find).collect::<Result<_, _>>()?,
        month: list.month.as_ref().map(find).transpose()?,
        state: list.state.as_ref().map(find).transpose()?,
        shifts: list.hours.as_ref().map(|raw| shifts(list, raw)).transpose()?,
        quality: list.quality.resolve(rules, &find, |what| wrong(list, what))?,
        columns,
    };
    check_shifts(list, &page)?;
    check_roles(list, &page)?;
    check_quality(list, &page)?;
    Ok(page)
}

fn place(list: &RawList, name: &str) -> Result<usize, PagesError> {
    let at = list.columns.iter().position(|column| column.name == name);
    at.ok_or_else(|| wrong(list, format!("`{name}` is none of its columns")))
}

/// Every column of the table stands there once, but the one that says the region.
fn check_columns(list: &RawList, rule: &TableRules) -> Result<(), PagesError> {
    let region = rule.region_columns().0;
    for at in rule.column_ids().filter(|at| Some(*at) != region) {
        let name = &rule[at].name;
        match list.columns.iter().filter(|column| column.name == *name).count() {
            1 => {}
            0 => return Err(wrong(list, format!("column `{name}` of tables.toml is missing"))),
            _ => return Err(wrong(list, format!("column `{name}` stands twice"))),
        }
    }
    Ok(())
}

fn column(list: &RawList, raw: &RawColumn, rule: &TableRules) -> Result<PageColumn, PagesError> {
    let found = rule.column(&raw.name).filter(|at| Some(*at) != rule.region_columns().0);
    let column = found.ok_or_else(|| {
        wrong(list, format!("`{}` is no column of tables.toml, or the one that says the region", raw.name))
    })?;
    let mut names = HashSet::new();
    for choice in &raw.choices {
        if choice.is.is_empty() == choice.blank.is_none() || !names.insert(&choice.name) {
            let what =
                format!("choice `{}` of `{}` needs either `is` or `blank`, once", choice.name, raw.name);
            return Err(wrong(list, what));
        }
    }
    let is_number = rule[column].data_type != ColumnType::Text;
    if matches!(raw.shows, Shows::Number | Shows::Money) && !is_number {
        return Err(wrong(list, format!("`{}` holds texts: it shows no numbers", raw.name)));
    }
    Ok(PageColumn {
        name: raw.name.clone(),
        label: raw.label.clone(),
        listed: raw.listed,
        personal: raw.personal,
        erased: raw.erased,
        shows: raw.shows,
        choices: raw.choices.clone(),
        column,
        refers: rule[column].reference.map(|reference| reference.table),
    })
}

fn shifts(list: &RawList, raw: &RawShifts) -> Result<ShiftColumns, PagesError> {
    Ok(ShiftColumns {
        person: place(list, &raw.person)?,
        date: place(list, &raw.date)?,
        start: place(list, &raw.start)?,
        end: place(list, &raw.end)?,
        pause: place(list, &raw.pause)?,
        special: place(list, &raw.special)?,
        note: place(list, &raw.note)?,
    })
}

fn check_shifts(list: &RawList, page: &ListPage) -> Result<(), PagesError> {
    let Some(shifts) = page.shifts else { return Ok(()) };
    let person = &page.columns[shifts.person];
    if !person.refers() {
        return Err(wrong(list, format!("`{}` refers to nobody who worked", person.name)));
    }
    let is_untold = |column: &&PageColumn| column.personal || column.refers();
    match shifts.telling().iter().map(|at| &page.columns[*at]).find(is_untold) {
        Some(column) => Err(wrong(list, format!("no hours can be calculated from `{}`", column.name))),
        None => Ok(()),
    }
}

fn check_quality(list: &RawList, page: &ListPage) -> Result<(), PagesError> {
    let quality = &page.quality;
    if let Some(at) = quality.runs_out.iter().find(|at| page.columns[**at].shows != Shows::Date) {
        return Err(wrong(
            list,
            format!("`{}` shows no dates: nothing runs out on it", page.columns[*at].name),
        ));
    }
    let state = page.state.map(|at| &page.columns[at].choices);
    let is_choice =
        |name: &&String| state.is_some_and(|choices| choices.iter().any(|one| one.name == **name));
    match quality.fault.iter().flat_map(|fault| &fault.open).find(|name| !is_choice(name)) {
        Some(name) => Err(wrong(list, format!("`{name}` is no choice of its state"))),
        None => Ok(()),
    }
}

fn check_roles(list: &RawList, page: &ListPage) -> Result<(), PagesError> {
    let named = |at: usize| &page.columns[at].name;
    if page.columns[page.called].personal || page.columns[page.called].refers.is_some() {
        return Err(wrong(list, format!("`{}` cannot name a row to everybody", named(page.called))));
    }
    if let Some(at) = page.called_through.filter(|at| page.columns[*at].refers.is_none()) {
        return Err(wrong(list, format!("`{}` refers to nothing", named(at))));
    }
    if page.columns[page.order.0].personal {
        return Err(wrong(
            list,
            format!("`{}` cannot be what everybody's list is ordered by", named(page.order.0)),
        ));
    }
    if page.erased().next().is_some() && !page.columns[page.called].erased {
        return Err(wrong(
            list,
            format!("`{}` names a person and has to be erased, too", named(page.called)),
        ));
    }
    if let Some(column) = page.columns.iter().find(|column| column.personal && !column.erased) {
        return Err(wrong(
            list,
            format!("`{}` is personal and has to be erased with the person", column.name),
        ));
    }
    if let Some(column) = page.erased().find(|column| column.refers()) {
        return Err(wrong(
            list,
            format!("`{}` refers to another row: it does not tell who somebody is", column.name),
        ));
    }
    if let Some(at) = page.month.filter(|at| page.columns[*at].shows != Shows::Date) {
        return Err(wrong(list, format!("`{}` shows no dates: it has no months", named(at))));
    }
    if let Some(at) = page.state.filter(|at| page.columns[*at].choices.is_empty()) {
        return Err(wrong(list, format!("`{}` has no choices", named(at))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = include_str!("../../../../../presets/rainstaff/tables.toml");
    const PAGES: &str = include_str!("../../../../../presets/rainstaff/pages.toml");

    fn error(change: impl Fn(&str) -> String) -> String {
        let text = change(PAGES);
        assert_ne!(text, PAGES, "the change changes something");
        read(&text, &merge::read(TABLES).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn the_preset_s_lists_are_those_of_its_tables() {
        let pages = read(PAGES, &merge::read(TABLES).unwrap()).unwrap();
        let paths: Vec<_> = pages.lists().iter().map(|list| list.path.as_str()).collect();
        let wanted = "employees timesheets vehicles drivers faults visits inspections stock shift-templates";
        assert_eq!(paths.join(" "), wanted);
        assert!(read("", &merge::read(TABLES).unwrap()).unwrap().lists().is_empty());
    }

    #[test]
    fn what_does_not_fit_the_tables_is_told_with_its_place() {
        let cases = [
            ("table = \"drivers\"", "table = \"drovers\"", "list of `drovers`: tables.toml has no such"),
            ("table = \"drivers\"", "table = \"settings\"", "list of `settings`: tables.toml has no such"),
            ("path = \"stock\"", "path = \"../stock\"", "`../stock` is no path"),
            ("path = \"stock\"", "path = \"visits\"", "stands twice"),
            ("path = \"employees\"", "path = \"employees\"\nown = false", "stands after one that has none"),
            ("{ name = \"phone\",", "{ name = \"fone\",", "column `phone` of tables.toml is missing"),
            ("{ name = \"adet\",", "{ name = \"bolge\",", "column `adet` of tables.toml is missing"),
            ("order = \"plate\"", "order = \"palte\"", "`palte` is none of its columns"),
            ("order = \"plate\"", "ordner = \"plate\"", "pages.toml, line "),
            (
                "called = \"plate\"",
                "called = \"plate\"\ncalled_through = \"brand\"",
                "`brand` refers to nothing",
            ),
            ("called = \"seri_no\"", "called = \"serial\"", "`serial` is none of its columns"),
            ("month = \"tarih\"", "month = \"durum\"", "`durum` shows no dates"),
            ("state = \"durum\"", "state = \"adet\"", "`adet` has no choices"),
            (
                "{ tr = \"Telefon\", en = \"Phone\" }, personal = true, erased = true",
                "{ tr = \"Telefon\", en = \"Phone\" }, personal = true",
                "`phone` is personal",
            ),
            ("en = \"Name\" }, erased = true", "en = \"Name\" }", "`full_name` names a person"),
            ("{ name = \"year\",", "{ erased = true, name = \"year\",", "`plate` names a person"),
            ("person = \"employee_id\"", "person = \"notes\"", "`notes` refers to nobody who worked"),
            (
                "hours = { date = \"work_date\"",
                "hours = { date = \"employee_id\"",
                "calculated from `employee_id`",
            ),
            ("special = \"is_special\"", "special = \"is_speciall\"", "`is_speciall` is none of its columns"),
            ("runs_out = [\"license_expiry\"]", "runs_out = [\"phone\"]", "`phone` shows no dates"),
            ("open = [\"open\", \"watched\"]", "open = [\"opened\"]", "`opened` is no choice of its state"),
            ("table = \"vehicle_inspection_results\"", "table = \"results\"", "has no table `results`"),
            (
                "person = { name = \"full_name\"",
                "person = { name = \"name\"",
                "`name` is none of its columns",
            ),
            ("name = \"there\", blank = true,", "name = \"there\",", "choice `there` of `end_date` needs"),
        ];
        for (of, to, told) in cases {
            let said = error(|text| text.replacen(of, to, 1));
            assert!(said.contains(told), "{to}: {said}");
        }
        let at = PAGES.lines().position(|line| line == "month = \"tarih\"").unwrap() + 1;
        let said = error(|text| text.replace("month = \"tarih\"", "month = 3"));
        assert!(said.starts_with(&format!("pages.toml, line {at}: ")), "{said}");
    }
}
