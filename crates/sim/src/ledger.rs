//! What people wrote, deleted and had seen when they did, written down beside the hub, so that it can be held against it.
//!
//! Every text in every cell of every file is a [`Write`] that knows which one it took the place of. So it shows, without
//! a word of denk's, whether a text that no longer stands had been seen by who overwrote it.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use testkit::office::references;

use crate::{
    book::{Book, Cells, Identity},
    history::History,
};

/// A row and its column.
type Cell = (Identity, String);
/// A place in the list of everything that was ever written.
type Write = usize;

#[derive(Debug)]
struct Written {
    /// Empty: a cell was made blank.
    text: String,
    /// What had been seen, by whoever wrote it, when it was written.
    over: Vec<Write>,
    /// Whether the hub has taken a file with it.
    taken: bool,
}

/// What stands in one file.
#[derive(Clone, Debug, Default)]
pub struct Page {
    cells: HashMap<Cell, Write>,
    /// Of rows that are gone from it: what they held at last.
    gone: HashMap<Cell, Write>,
    /// Rows that people deleted in this file, with all that went with them.
    pub deleted: BTreeSet<Identity>,
}

#[derive(Debug, Default)]
pub struct Ledger {
    writes: Vec<Written>,
    /// What stands at the hub.
    heads: HashMap<Cell, Write>,
    /// Rows in files that the hub took.
    sent: BTreeSet<Identity>,
    /// Rows that somebody deleted.
    deleted: BTreeSet<Identity>,
    /// Rows of which nobody can tell any more which is which: files that go on from one copy gave one number to both.
    pub mixed_up: BTreeSet<Identity>,
    /// Rows that are there twice, and the hub said so: it was not sure.
    pub doubted: BTreeSet<Identity>,
}

/// A file that the hub took.
pub struct Taken<'a> {
    pub page: &'a Page,
    /// Rows that were not let in.
    pub refused: &'a HashSet<Identity>,
    /// The hub before and after.
    pub before: &'a Book,
    pub after: &'a Book,
    pub history: &'a History,
    /// `*`: headquarters.
    pub region: &'a str,
    /// Whether the hub can tell how old the file is: one that it meets for the first time wins over nothing.
    pub aged: bool,
}

/// A row with which something is wrong.
pub type Finding = (Identity, String);

/// What was found out about a file that the hub took, by check.
#[derive(Debug, Default)]
pub struct Findings {
    pub lost: Vec<Finding>,
    pub silent: Vec<Finding>,
    pub earlier: Vec<Finding>,
    pub dead: Vec<Finding>,
    pub deleted: Vec<Finding>,
    pub unseen: Vec<Finding>,
}

impl Ledger {
    /// Notes what is in a file now, and over what it was written.
    pub fn note(&mut self, page: &mut Page, book: &Book) {
        let mut cells = HashMap::new();
        let mut here = HashSet::new();
        for (identity, row) in book.identities() {
            for (column, text) in own(identity.0, row) {
                let cell = (identity.clone(), column.clone());
                // Who enters again what was deleted had seen it.
                let before = page.cells.get(&cell).or_else(|| page.gone.get(&cell)).copied();
                let write = self.same_or_new(before, text);
                cells.insert(cell, write);
            }
            here.insert(identity);
        }
        for (cell, write) in std::mem::take(&mut page.cells) {
            if !here.contains(&cell.0) {
                page.gone.insert(cell, write);
            } else if let Entry::Vacant(blank) = cells.entry(cell) {
                blank.insert(self.same_or_new(Some(write), ""));
            }
        }
        page.cells = cells;
    }

    fn same_or_new(&mut self, before: Option<Write>, text: &str) -> Write {
        match before {
            Some(before) if self.writes[before].text == text => before,
            _ => match before.and_then(|before| self.back(before, text)) {
                Some(back) => back,
                None => self.write(text, before.into_iter().collect()),
            },
        }
    }

    /// What the hub has this text from, if the cell says it again and said other things only in between: nobody but the
    /// PC ever saw those.
    fn back(&self, mut write: Write, text: &str) -> Option<Write> {
        while !self.writes[write].taken {
            let [before] = self.writes[write].over[..] else { return None };
            write = before;
        }
        Some(write).filter(|write| self.writes[*write].text == text)
    }

    fn write(&mut self, text: &str, over: Vec<Write>) -> Write {
        self.writes.push(Written { text: text.to_owned(), over, taken: false });
        self.writes.len() - 1
    }

    /// What is in a file that the hub hands out now in place of one.
    pub fn hand_out(&mut self, page: &Page, book: &Book) -> Page {
        let mut next = Page { deleted: page.deleted.clone(), ..Page::default() };
        for (identity, row) in book.identities() {
            for (column, text) in own(identity.0, row) {
                let cell = (identity.clone(), column.clone());
                let known = [self.heads.get(&cell), page.cells.get(&cell)].map(Option::<&Write>::copied);
                let known: Vec<Write> = known.into_iter().flatten().collect();
                let same = known.iter().copied().find(|write| self.writes[*write].text == *text);
                let write = same.unwrap_or_else(|| self.write(text, known));
                next.cells.insert(cell, write);
            }
        }
        next
    }

    /// Somebody worked at a file: what is gone from it was meant to go.
    pub fn worked(&mut self, page: &mut Page, before: &Book, after: &Book) {
        let now: BTreeSet<Identity> = after.identities().map(|(identity, _)| identity).collect();
        let gone = before.identities().map(|(identity, _)| identity).filter(|row| !now.contains(row));
        for row in gone {
            page.deleted.insert(row.clone());
            self.deleted.insert(row);
        }
    }

    /// A batch was sent back: what stands of it at the hub was taken. Returns its texts that are nowhere.
    pub fn sent_back(&mut self, page: &Page, hub: &Book, history: &History) -> Vec<Finding> {
        let (hub, mut lost) = (living(hub), Vec::new());
        for (cell, write) in &page.cells {
            let ((row, column), written) = (cell, &self.writes[*write]);
            if written.taken || written.text.is_empty() {
                continue;
            }
            if hub.get(row).and_then(|cells| cells.get(column)) == Some(&written.text) {
                let text = written.text.clone();
                self.writes[*write].taken = true;
                self.stand(cell, *write, self.heads.get(cell).copied(), &text);
            } else if !history.has(row, column, &written.text) {
                lost.push((row.clone(), format!("{column} {:?} is nowhere", written.text)));
            }
        }
        lost
    }

    /// Whether there may be several of a row.
    pub fn is_unclear(&self, row: &Identity) -> bool {
        self.mixed_up.contains(row) || self.doubted.contains(row)
    }

    pub fn was_deleted(&self, row: &Identity) -> bool {
        self.deleted.contains(row)
    }

    /// The hub took a file. What is wrong with what it made of it?
    pub fn took(&mut self, file: &Taken<'_>) -> Findings {
        let mut findings = Findings::default();
        let after = living(file.after);
        self.deaths(file, &after, &mut findings);
        let mut fresh = BTreeSet::new();
        let mut cells: Vec<(&Cell, Write)> =
            file.page.cells.iter().map(|(cell, write)| (cell, *write)).collect();
        cells.sort();
        for (cell, write) in cells {
            if file.refused.contains(&cell.0) {
                continue;
            }
            self.sent.insert(cell.0.clone());
            if std::mem::replace(&mut self.writes[write].taken, true) {
                self.known(cell, write, (file, &after), &mut findings);
            } else {
                fresh.insert(&cell.0);
                self.fresh(cell, write, (file, &after), &mut findings);
            }
        }
        let dead = fresh.into_iter().filter(|row| file.aged && !after.contains_key(*row));
        let dead = dead.filter(|row| !self.is_unclear(row));
        findings.dead.extend(dead.map(|row| (row.clone(), "was written just now".to_owned())));
        self.heads.retain(|cell, _| after.contains_key(&cell.0));
        findings
    }

    /// Rows that this file took from the hub.
    fn deaths(&self, file: &Taken<'_>, after: &HashMap<Identity, &Cells>, findings: &mut Findings) {
        for identity in living(file.before).into_keys() {
            if after.contains_key(&identity) || self.mixed_up.contains(&identity) {
                continue;
            }
            if !file.page.deleted.contains(&identity) {
                findings.deleted.push((identity, "is gone, and nobody at this file deleted it".to_owned()));
                continue;
            }
            let heads = self.heads.iter().filter(|(cell, _)| cell.0 == identity);
            let unseen = heads.filter(|(cell, head)| {
                let seen = file.page.gone.get(*cell);
                !self.writes[**head].text.is_empty() && seen.is_none_or(|seen| !self.includes(*seen, **head))
            });
            let unseen: Vec<String> =
                unseen.map(|(cell, head)| format!("{} {:?}", cell.1, self.writes[*head].text)).collect();
            if !unseen.is_empty() {
                let what = format!("was deleted by who had not seen {}", unseen.join(", "));
                findings.unseen.push((identity, what));
            }
        }
    }

    /// A text that the hub had not known.
    fn fresh(
        &mut self,
        cell: &Cell,
        write: Write,
        (file, after): (&Taken<'_>, &HashMap<Identity, &Cells>),
        findings: &mut Findings,
    ) {
        let (identity, column) = cell;
        let Some(row) = after.get(identity).filter(|_| !self.is_unclear(identity)) else { return };
        let stands = row.get(column).map_or("", String::as_str);
        let text = self.writes[write].text.clone();
        let head = self.heads.get(cell).copied();
        let other =
            head.filter(|head| !self.includes(write, *head)).map(|head| self.writes[head].text.clone());
        if !text.is_empty() && stands != text && !file.history.has(identity, column, &text) {
            findings.lost.push((identity.clone(), format!("{column} {text:?} is nowhere")));
        }
        for lost in other.iter().chain([&text]).filter(|lost| !lost.is_empty() && *lost != stands) {
            if !file.history.lost(identity, column, lost) {
                let what = format!("{column}: {stands:?} stands, and {lost:?} is in no list of conflicts");
                findings.silent.push((identity.clone(), what));
            }
        }
        let owner = file.after.region(identity.0, row);
        // What two regions call by one name stays with who said it first.
        let named = matches!(identity.0, "vehicles" | "stock_inventory");
        let own = file.region == "*" && !named || owner.as_deref().is_none_or(|owner| owner == file.region);
        if file.aged && own && stands != text && !text.is_empty() {
            let what = format!("{column}: {stands:?} stands, not {text:?}, which came later");
            findings.earlier.push((identity.clone(), what));
        }
        self.stand(cell, write, head, stands);
    }

    /// A text that the hub had known: an older file that brings it back overwrites nothing in silence either.
    fn known(
        &mut self,
        cell: &Cell,
        write: Write,
        (file, after): (&Taken<'_>, &HashMap<Identity, &Cells>),
        findings: &mut Findings,
    ) {
        let (identity, column) = cell;
        let Some(row) = after.get(identity).filter(|_| !self.is_unclear(identity)) else { return };
        let stands = row.get(column).map_or("", String::as_str);
        let Some(head) = self.heads.get(cell).copied() else {
            // The row had died and is back.
            return self.stand(cell, write, None, stands);
        };
        let text = &self.writes[head].text;
        if stands == text {
            return;
        }
        let told = text.is_empty() || self.includes(write, head) || file.history.lost(identity, column, text);
        if !told {
            let what = format!("{column}: {stands:?} stands again, and {text:?} is in no list of conflicts");
            findings.silent.push((identity.clone(), what));
        }
        self.stand(cell, write, Some(head), stands);
    }

    /// What stands from now on; who overwrites it has seen what did not.
    fn stand(&mut self, cell: &Cell, write: Write, head: Option<Write>, stands: &str) {
        let both: Vec<Write> = head.into_iter().chain([write]).collect();
        let standing = both.iter().rev().copied().find(|write| self.writes[*write].text == stands);
        let now = standing.unwrap_or_else(|| self.write(stands, both.clone()));
        self.writes[now].over.extend(both.iter().filter(|write| **write != now));
        if let Some(head) = head.filter(|head| self.writes[*head].text == self.writes[write].text) {
            self.writes[head].over.push(write);
            self.writes[write].over.push(head);
        }
        self.heads.insert(cell.clone(), now);
    }

    /// Whether who wrote one had seen the other.
    fn includes(&self, write: Write, other: Write) -> bool {
        let (mut next, mut seen) = (vec![write], HashSet::new());
        while let Some(write) = next.pop() {
            if write == other {
                return true;
            }
            if seen.insert(write) {
                next.extend(&self.writes[write].over);
            }
        }
        false
    }

    /// Rows that nobody deleted and that are gone all the same.
    pub fn vanished(&self, hub: &Book) -> Vec<Finding> {
        let living: BTreeSet<Identity> = hub.identities().map(|(identity, _)| identity).collect();
        let gone = self.sent.iter().filter(|row| !living.contains(row) && !self.deleted.contains(row));
        let gone = gone.filter(|row| !self.mixed_up.contains(row));
        gone.map(|row| (row.clone(), "is gone, and nobody deleted it".to_owned())).collect()
    }

    /// Rows that are there more than once.
    pub fn doubled(&self, hub: &Book) -> Vec<Finding> {
        let mut seen: HashMap<Identity, Cells> = HashMap::new();
        let mut doubled = Vec::new();
        for (identity, cells) in hub.identities().filter(|(identity, _)| !self.is_unclear(identity)) {
            if let Some(first) = seen.insert(identity.clone(), cells.clone()) {
                doubled.push((identity, format!("is there twice: {first:?} and {cells:?}")));
            }
        }
        doubled
    }
}

fn living(book: &Book) -> HashMap<Identity, &Cells> {
    book.identities().collect()
}

/// What a row says by itself: references are looked after by the check of parents; a region may be repaired.
fn own<'a>(table: &'a str, row: &'a Cells) -> impl Iterator<Item = (&'a String, &'a String)> {
    let refers = move |column: &str| references(table).any(|reference| reference.column == column);
    row.iter().filter(move |(column, _)| *column != "region" && !refers(column))
}
