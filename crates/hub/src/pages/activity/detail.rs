//! What lines of the activity say, in the words of a page.

use store::AuditEntry;

use super::super::{shown, told::Teller};
use crate::words::{ActivityWords, Kind};

/// Stands in the activity for a name that nobody has, and for the hub itself.
const NOBODY: &str = "?";
const HUB: &str = "hub";

/// Puts lines into words.
pub(crate) struct Wording<'a> {
    pub teller: &'a Teller<'a>,
    pub words: &'static ActivityWords,
}

impl Wording<'_> {
    pub fn kind(&self, line: &AuditEntry) -> String {
        let known = Kind::of(&line.action).map(|kind| kind.said(self.teller.words.language));
        known.unwrap_or(&line.action).to_owned()
    }

    pub fn who(&self, name: &str) -> String {
        match name {
            NOBODY => self.words.nobody.to_owned(),
            HUB => self.words.hub.to_owned(),
            name => self.called(name),
        }
    }

    pub fn detail(&self, line: &AuditEntry) -> String {
        match line.action.as_str() {
            "upload" | "push" => self.synced(&line.what).unwrap_or_else(|| line.what.clone()),
            "conflict_winner" | "conflict_loser" | "conflict_other" => {
                self.words.conflict.replace("{id}", &line.what)
            }
            "export" => self.exported(&line.what),
            _ => self.called(&line.what),
        }
    }

    /// A PC's name stands there as it is kept.
    fn called(&self, text: &str) -> String {
        let site = self.teller.sites.iter().find(|site| site.name == text);
        site.map_or_else(|| text.to_owned(), |site| self.teller.site_name(site.id))
    }

    /// `x.db (manual): +1 ~0 -0 refused 0 conflicts 0 held 0`
    fn synced(&self, what: &str) -> Option<String> {
        let (_, counts) = what.rsplit_once("): ")?;
        let mut words = counts.split(' ');
        let mut count = |before: &str| words.next()?.strip_prefix(before)?.parse::<i64>().ok();
        let [inserted, updated, deleted] = [count("+")?, count("~")?, count("-")?];
        let mut named = |name: &str| {
            let is_it = words.next()? == name;
            words.next()?.parse::<i64>().ok().filter(|_| is_it)
        };
        let [refused, conflicts, held] = [named("refused")?, named("conflicts")?, named("held")?];
        let said = self.words;
        let all = [
            (inserted, said.inserted),
            (updated, said.updated),
            (deleted, said.deleted),
            (refused, said.refused),
            (conflicts, said.conflicts),
            (held, said.held),
        ];
        let told: Vec<_> = all
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{} {word}", shown::whole(self.teller.words.language, *count)))
            .collect();
        Some(if told.is_empty() { said.nothing_new.to_owned() } else { told.join(", ") })
    }

    /// `employees (12)?region=Ankara`
    fn exported(&self, what: &str) -> String {
        let found = what.split_once(" (").and_then(|(path, rest)| Some((path, rest.split_once(')')?)));
        let Some((path, (rows, asked))) = found else { return what.to_owned() };
        let words = self.teller.words;
        let list = self.teller.pages.lists().iter().find(|list| list.path == path);
        let name = match list {
            Some(list) => words.label(&list.label),
            None if path == "activity" => self.words.title,
            None => path,
        };
        let asked =
            if asked.is_empty() { String::new() } else { format!(" · {}", asked.trim_start_matches('?')) };
        format!("{name}: {rows} {}{asked}", self.words.rows)
    }
}
