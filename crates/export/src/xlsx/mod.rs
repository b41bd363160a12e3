//! Workbooks: typed cells, and what does not fit into them.

mod book;
mod list;
mod logo;

pub(crate) use self::book::{Book, Look, Sheet};
pub use self::list::{List, list, lists};
pub use self::logo::{LogoProblem, check_png};

/// A file, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub bytes: Vec<u8>,
    pub notices: Vec<Notice>,
}

/// What of a file is not as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A text of more than 32 767 characters, more than a cell holds: it ends with `…`. **Units**: row and column from 1.
    Cut { sheet: String, row: u32, column: u16 },
    /// The logo was left out.
    Logo(LogoProblem),
}
