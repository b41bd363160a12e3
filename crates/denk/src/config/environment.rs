//! The process's environment and `.env` files: the only place where denk reads variables.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{Origin, read_text};
use crate::failure::Result;

/// The process's environment and current folder, read once. Variables that are set to nothing count as not set.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    folder: PathBuf,
}

/// The environment, and under it the variables of a `.env` file.
#[derive(Clone, Default)]
pub struct Variables {
    process: BTreeMap<String, String>,
    file: PathBuf,
    in_file: BTreeMap<String, Assignment>,
}

/// One `NAME=VALUE` of a file.
#[derive(Clone, PartialEq, Eq)]
struct Assignment {
    value: String,
    line: usize,
}

impl Environment {
    /// What the process was started with. Variables that are no text are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.into_string().ok();
        let variables = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
        Self { variables: variables.collect(), folder: std::env::current_dir().unwrap_or_default() }
    }

    pub fn new<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
        folder: impl Into<PathBuf>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, folder: folder.into() }
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// A path as people know it: without the current folder in front.
    #[must_use]
    pub fn shown<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.folder).unwrap_or(path)
    }

    /// The same in another folder.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// The current folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Variables {
    /// The environment and, if it is there, the file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(environment: &Environment, file: &Path) -> Result<Self> {
        let in_file = if file.is_file() { parse(&read_text(file)?) } else { BTreeMap::new() };
        let file = environment.shown(file).to_owned();
        Ok(Self { in_file, file, ..Self::of_process(environment) })
    }

    /// The environment alone.
    #[must_use]
    pub fn of_process(environment: &Environment) -> Self {
        Self { process: environment.variables.clone(), ..Self::default() }
    }

    /// Value and origin; what is set to nothing is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&str, Origin)> {
        let set = |value: &&str| !value.trim().is_empty();
        if let Some(value) = self.process.get(name).map(String::as_str).filter(set) {
            return Some((value, Origin::Environment(name.to_owned())));
        }
        let Assignment { value, line } = self.in_file.get(name)?;
        let origin = Origin::File { path: self.file.clone(), line: *line, column: 1 };
        Some((value.as_str(), origin)).filter(|(value, _)| set(value))
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names: std::collections::BTreeSet<&str> =
            self.process.keys().chain(self.in_file.keys()).map(String::as_str).collect();
        names.into_iter()
    }
}

/// Reads `NAME=VALUE` lines as the usual dotenv programs do: `export` before the name, comments, single, double and
/// back quotes (which may go on over lines), `\n` in double quotes. A `#` begins a comment only after a blank, so that
/// it can stand in an unquoted password. Lines that are no assignment are passed over. The last of equal names counts.
fn parse(text: &str) -> BTreeMap<String, Assignment> {
    let mut found = BTreeMap::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut next = 0;
    while next < lines.len() {
        let line = next + 1;
        let Some((name, rest)) = assignment(lines[next]) else {
            next += 1;
            continue;
        };
        let (value, used) = value(rest, &lines[line..]);
        found.insert(name.to_owned(), Assignment { value, line });
        next += 1 + used;
    }
    found
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once('=')?;
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (!name.is_empty() && name.chars().all(plain)).then_some((name, rest.trim()))
}

/// The value that begins with `first`, and how many of the following lines belong to it.
fn value(first: &str, following: &[&str]) -> (String, usize) {
    let Some(quote) = first.chars().next().filter(|c| "'\"`".contains(*c)) else {
        return (unquoted(first), 0);
    };
    let mut text = first[1..].to_owned();
    for used in 0..=following.len() {
        if let Some(value) = closed(&text, quote) {
            return (value, used);
        }
        if let Some(line) = following.get(used) {
            text = format!("{text}\n{line}");
        }
    }
    (unquoted(first), 0)
}

fn unquoted(text: &str) -> String {
    let comment = text
        .char_indices()
        .zip(text.chars().skip(1))
        .find(|((_, c), next)| c.is_whitespace() && *next == '#');
    let end = if text.starts_with('#') { 0 } else { comment.map_or(text.len(), |((place, _), _)| place) };
    text[..end].trim().to_owned()
}

/// The text up to its closing quote, with what a backslash means in double quotes; `None` while the quote is open.
fn closed(text: &str, quote: char) -> Option<String> {
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            _ if c == quote => return Some(value),
            '\\' if quote == '"' => match rest.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                c @ ('"' | '\\' | '$') => value.push(c),
                c => value.extend(['\\', c]),
            },
            _ => value.push(c),
        }
    }
    None
}

/// Names only: any value may be a secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("names", &self.variables.len())
            .field("folder", &self.folder)
            .finish()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables")
            .field("file", &self.file)
            .field("names", &self.in_file.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String, usize)> {
        parse(text).into_iter().map(|(name, Assignment { value, line })| (name, value, line)).collect()
    }

    #[test]
    fn a_file_of_the_old_programs_is_read_as_they_read_it() {
        let text = "# comment\r\nexport A=1\r\nB = two words  # why\nC='si#ngle \\n' # x\nD=\"dou\\\"ble\\n\\d\"\nE=a#b\nF=\n\
                    not an assignment\nG=\"over\nlines\"\nH=`b'q`\nI=#nothing\nJ=\"never closed\nK=k=v\n";
        let values: Vec<String> =
            parsed(text).into_iter().map(|(name, value, line)| format!("{name}{line} {value:?}")).collect();
        insta::assert_snapshot!(values.join("\n"), @r#"
        A2 "1"
        B3 "two words"
        C4 "si#ngle \\n"
        D5 "dou\"ble\n\\d"
        E6 "a#b"
        F7 ""
        G9 "over\nlines"
        H11 "b'q"
        I12 ""
        J13 "\"never closed"
        K14 "k=v"
        "#);
    }

    #[test]
    fn what_is_set_to_nothing_is_not_set_and_the_process_wins() {
        let environment = Environment::new([("A", "process"), ("B", " ")], "/");
        let in_file = parse("A=file\nB=file\nC=");
        let variables = Variables { in_file, file: "/.env".into(), ..Variables::of_process(&environment) };
        assert_eq!(variables.get("A"), Some(("process", Origin::Environment("A".into()))));
        assert_eq!(
            variables.get("B"),
            Some(("file", Origin::File { path: "/.env".into(), line: 2, column: 1 }))
        );
        assert_eq!(variables.get("C"), None);
        assert_eq!(variables.names().collect::<Vec<_>>(), ["A", "B", "C"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::new([("MSSQL_PASSWORD", "hidden")], "/");
        let mut variables = Variables::of_process(&environment);
        variables.in_file = parse("PG_PASSWORD=hidden");
        assert!(!format!("{environment:?} {variables:?}").contains("hidden"));
    }
}
