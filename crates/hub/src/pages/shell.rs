//! What stands around every page.

use store::{Pages, Viewer, Waiting};

use super::{
    Person, Visit, activity, admin, alerts,
    assets::{ICON, SCRIPT, STYLE},
    conflicts, held, history,
    reports::REPORTS,
};
use crate::{
    login::DASHBOARD,
    words::{AlertWords, Words},
};
use merge::Region;

pub(crate) struct Shell {
    pub words: &'static Words,
    /// `None`: nobody is logged in.
    pub name: Option<String>,
    pub region: String,
    pub links: Vec<Link>,
    /// Up to here the page tells what people and PCs did.
    pub noted: i64,
    /// This page in the other language.
    pub other: String,
    pub style: &'static str,
    pub script: &'static str,
    pub icon: &'static str,
}

/// A page in the navigation.
pub(crate) struct Link {
    pub href: String,
    pub label: String,
    /// `page`: this one; `true`: one above it; empty: another.
    pub current: &'static str,
    /// How much waits there; 0: nothing is said of it.
    pub count: u64,
}

impl Shell {
    /// Around a page of somebody who is not logged in.
    pub fn outside(visit: &Visit) -> Self {
        Self {
            words: visit.words,
            name: None,
            region: String::new(),
            links: Vec::new(),
            noted: 0,
            other: visit.other(),
            style: &STYLE.href,
            script: &SCRIPT.href,
            icon: &ICON.href,
        }
    }

    pub fn of(person: &Person, visit: &Visit, pages: &Pages) -> Self {
        Self::around(visit, pages, Some(&person.user.name), &person.user.region)
            .watching(&person.viewer, visit, person.noted)
            .administering(&person.viewer, visit)
            .counting(person.waiting)
    }

    /// Says in the navigation how much waits.
    pub fn counting(mut self, waiting: Waiting) -> Self {
        for link in &mut self.links {
            link.count = match link.href.as_str() {
                conflicts::PATH => waiting.conflicts,
                held::PATH => waiting.held,
                alerts::PATH => waiting.alerts,
                _ => 0,
            };
        }
        self
    }

    /// Leads to the administration whoever administers something.
    pub fn administering(mut self, viewer: &Viewer, visit: &Visit) -> Self {
        self.links.extend(admin::entry(viewer, visit));
        self
    }

    /// Whether there is such a page, and it is for this reader.
    pub fn leads_to(&self, path: &str) -> bool {
        self.links.iter().any(|link| link.href == path)
    }

    /// Keeps up with what is done, and leads to the activity whoever may see it.
    pub fn watching(mut self, viewer: &Viewer, visit: &Visit, noted: i64) -> Self {
        self.noted = noted;
        if viewer.sees_activity() && self.name.is_some() {
            let (href, label) = (activity::PATH.to_owned(), visit.words.activity.to_owned());
            let current = current(&visit.path, &href);
            self.links.push(Link { href, label, current, count: 0 });
        }
        self
    }

    pub fn around(visit: &Visit, pages: &Pages, name: Option<&str>, region: &Region) -> Self {
        let region = match region {
            Region::All => visit.words.all_regions,
            Region::Named(name) => name,
        };
        let words = visit.words;
        let own = [
            (DASHBOARD, words.dashboard),
            (conflicts::PATH, words.decisions.conflicts),
            (held::PATH, words.decisions.held),
            (alerts::PATH, AlertWords::of(words.language).alerts),
            (history::PATH, words.undo().history),
        ];
        let own = own.map(|(path, label)| (path.to_owned(), label));
        let lists =
            pages.lists().iter().map(|list| (format!("/{}", list.path), visit.words.label(&list.label)));
        let reports = (REPORTS.to_owned(), words.files().reports);
        let reports = pages.timesheets().map(|_| reports);
        let links = own.into_iter().chain(lists).chain(reports).map(|(href, label)| {
            let current = current(&visit.path, &href);
            Link { href, label: label.to_owned(), current, count: 0 }
        });
        // A key opens the dashboard only.
        let links = if name.is_some() { links.collect() } else { Vec::new() };
        Self { name: name.map(str::to_owned), region: region.to_owned(), links, ..Self::outside(visit) }
    }
}

pub(super) fn current(path: &str, href: &str) -> &'static str {
    match path.strip_prefix(href) {
        Some("") => "page",
        Some(rest) if rest.starts_with('/') => "true",
        _ => "",
    }
}
