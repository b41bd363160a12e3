//! Turkish and English say the same: equal message ids, each with the same variables.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, sources::Source};

const LOCALES: [&str; 2] = ["crates/denk/locales/tr.ftl", "crates/denk/locales/en.ftl"];

/// Message or attribute (`id`, `id.attribute`), where it is, and the variables in it.
type Messages<'text> = BTreeMap<String, (usize, BTreeSet<&'text str>)>;

/// Nothing to say while one of the two files does not exist.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let [Some(turkish), Some(english)] =
        LOCALES.map(|path| sources.iter().find(|source| source.path == path))
    else {
        return Vec::new();
    };
    compare(turkish, english).chain(missing(english, turkish)).collect()
}

/// What the one has and the other has not or has differently.
fn compare<'a>(one: &'a Source, other: &'a Source) -> impl Iterator<Item = Finding> + use<'a> {
    let others = messages(&other.text);
    let different = messages(&one.text).into_iter().filter_map(move |(id, (offset, variables))| {
        let (there, theirs) = others.get(&id)?;
        (variables != *theirs).then(|| Finding {
            place: one.place(offset),
            problem: format!("`{id}` uses {} here and {} there", listed(&variables), listed(theirs)),
            remedy: format!("use the same variables as {}", other.place(*there)),
        })
    });
    missing(one, other).chain(different)
}

fn missing<'a>(one: &'a Source, other: &'a Source) -> impl Iterator<Item = Finding> + use<'a> {
    let others = messages(&other.text);
    messages(&one.text).into_iter().filter(move |(id, _)| !others.contains_key(id)).map(
        |(id, (offset, _))| Finding {
            place: one.place(offset),
            problem: format!("`{id}` is missing in {}", other.path),
            remedy: "write it there, or delete it here".into(),
        },
    )
}

fn listed(variables: &BTreeSet<&str>) -> String {
    if variables.is_empty() {
        return "no variable".into();
    }
    variables.iter().map(|variable| format!("${variable}")).collect::<Vec<_>>().join(", ")
}

/// Fluent's grammar as far as needed: an entry begins in the first column, an attribute with a dot after blanks, and
/// everything indented below belongs to it.
fn messages(text: &str) -> Messages<'_> {
    let mut messages = Messages::new();
    let mut entry = String::new();
    let mut current = String::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some(id) = entry_id(line) {
            entry = id.to_owned();
            current = entry.clone();
            messages.insert(current.clone(), (offset, BTreeSet::new()));
        } else if let Some(attribute) = line.trim_start().strip_prefix('.').and_then(entry_id) {
            current = format!("{entry}.{attribute}");
            messages.insert(current.clone(), (offset, BTreeSet::new()));
        }
        if !line.starts_with('#')
            && let Some((_, variables)) = messages.get_mut(&current)
        {
            variables.extend(self::variables(line));
        }
        offset += line.len();
    }
    messages
}

/// `id` of `id = ...`; a term's begins with a dash.
fn entry_id(line: &str) -> Option<&str> {
    let (id, _) = line.split_once('=')?;
    let id = id.trim_end();
    let is_id = id.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(is_id_character);
    is_id.then_some(id)
}

fn variables(line: &str) -> impl Iterator<Item = &str> {
    line.split('$').skip(1).map(|rest| rest.split(|c| !is_id_character(c)).next().unwrap_or_default())
}

fn is_id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(turkish: &str, english: &str) -> Vec<String> {
        let texts = LOCALES.into_iter().zip([turkish, english]);
        let sources: Vec<Source> =
            texts.map(|(path, text)| Source { path: path.into(), text: text.into() }).collect();
        check(&sources).into_iter().map(|finding| format!("{} {}", finding.place, finding.problem)).collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn equal_keys_and_variables_pass() {
        let turkish = "# $note\nread = { $rows } satır okundu\nhint =\n    { $rows ->\n       *[other] { $table }\n    }\n    .title = Öneri\n";
        let english = "read = read { $rows } rows\nhint =\n    { $rows ->\n        [one] { $table }\n       *[other] { $table } = all\n    }\n    .title = Hint\n";
        assert_eq!(problems(turkish, english), NOTHING);
    }

    #[test]
    fn a_missing_message_fails() {
        let found = problems("a = x\nb = y\n", "a = x\nc = z\n    .d = z\n");
        assert_eq!(
            found,
            [
                "crates/denk/locales/tr.ftl:2 `b` is missing in crates/denk/locales/en.ftl",
                "crates/denk/locales/en.ftl:2 `c` is missing in crates/denk/locales/tr.ftl",
                "crates/denk/locales/en.ftl:3 `c.d` is missing in crates/denk/locales/tr.ftl",
            ]
        );
    }

    #[test]
    fn different_variables_fail() {
        assert_eq!(
            problems("a = { $rows } { $table }\n", "a = { $row }\n"),
            ["crates/denk/locales/tr.ftl:1 `a` uses $rows, $table here and $row there"]
        );
    }

    #[test]
    fn without_both_files_there_is_nothing_to_compare() {
        let only = Source { path: LOCALES[0].into(), text: "a = x".into() };
        assert_eq!(check(&[only]), []);
    }
}
