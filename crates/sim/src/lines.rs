//! Which rows nobody can tell apart: two files that go on from one copy give the same number to two rows.
//!
//! A line is one file in use, from when it was begun, copied, put back or handed out until another takes its place. Lines
//! of one origin (the hub's mark, else the PC on which the file was begun) count on from the same numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    book::{Book, Identity},
    pc::Number,
};

#[derive(Debug)]
pub struct Line {
    id: usize,
    pub origin: String,
    /// What was numbered when it began.
    begin: HashSet<Number>,
}

#[derive(Debug, Default)]
pub struct Lines {
    /// How many have begun.
    begun: usize,
    /// By origin and number: what each line gave it to.
    given: HashMap<(String, Number), BTreeMap<usize, BTreeSet<Identity>>>,
}

impl Lines {
    /// A file is in use from now on.
    pub fn begin(&mut self, origin: String, book: &Book) -> Line {
        self.begun += 1;
        let begin = book.numbered().map(|(table, id, _)| (table, id.clone())).collect();
        Line { id: self.begun, origin, begin }
    }

    /// The file of a line as it goes up. Returns its rows that another line of its origin has others for, and those.
    pub fn gives(&mut self, line: &Line, book: &Book) -> BTreeSet<Identity> {
        let mut mixed_up = BTreeSet::new();
        for (table, id, row) in book.numbered() {
            let number = (table, id.clone());
            if line.begin.contains(&number) {
                continue;
            }
            let given = self.given.entry((line.origin.clone(), number)).or_default();
            given.entry(line.id).or_default().insert(row);
            let rows: BTreeSet<&Identity> = given.values().flatten().collect();
            if given.len() > 1 && rows.len() > 1 {
                mixed_up.extend(rows.into_iter().cloned());
            }
        }
        mixed_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Cells;

    fn book(people: &[(&str, &str)]) -> Book {
        let mut book = Book::default();
        let person = |word: &str| Cells::from([("identity_no".to_owned(), word.to_owned())]);
        let rows = people.iter().map(|(id, word)| ((*id).to_owned(), person(word)));
        book.tables.insert("employees", rows.collect());
        book
    }

    #[test]
    fn only_numbers_that_two_lines_of_one_copy_gave_are_mixed_up() {
        let (mut lines, copied) = (Lines::default(), book(&[("1", "P1")]));
        let one = lines.begin("pc1".to_owned(), &copied);
        let two = lines.begin("pc1".to_owned(), &copied);
        let other = lines.begin("pc2".to_owned(), &copied);
        assert!(lines.gives(&one, &book(&[("1", "P1"), ("2", "P2"), ("3", "P3")])).is_empty());
        assert!(lines.gives(&other, &book(&[("2", "P8")])).is_empty(), "a file of its own");
        assert!(lines.gives(&one, &book(&[("3", "P4")])).is_empty(), "one line alone");
        let mixed_up = lines.gives(&two, &book(&[("1", "P9"), ("2", "P7")]));
        let words: Vec<&str> = mixed_up.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, ["P2", "P7"], "a number that was given before the copy is known");
    }
}
