use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::*;

/// Keys whose end is put together in code; their own tests say that each is there.
const MADE_IN_CODE: [&str; 19] = [
    "backup-fault-",
    "backup-reason-",
    "backup-state-",
    "held-cause-",
    "import-odd-",
    "command-",
    "option-",
    "database-what-",
    "database-hint-",
    "column-",
    "action-",
    "severity-",
    "verify-",
    "type-",
    "compare-",
    "site-state-",
    "user-import-",
    "user-state-",
    "import-reason-",
];

/// Key (or `key.attribute`) -> its variables.
fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut key, mut attribute) = (String::new(), String::new());
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            key = line.split_once(" =").expect("a key is followed by ` =`").0.to_owned();
            attribute.clone_from(&key);
            assert!(!found.contains_key(&key), "{key} stands twice");
        } else if let Some((name, _)) =
            line.trim_start().strip_prefix('.').and_then(|rest| rest.split_once(" ="))
        {
            attribute = format!("{key}.{name}");
        }
        let variables = line.split('$').skip(1).map(variable);
        if !attribute.is_empty() {
            found.entry(attribute.clone()).or_default().extend(variables);
        }
    }
    found
}

fn variable(rest: &str) -> String {
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The string literals that follow `call` in the source, wherever the line breaks.
fn literals(source: &str, call: &str) -> Vec<String> {
    let after = source.split(call).skip(1).map(str::trim_start);
    after.filter_map(|rest| rest.strip_prefix('"')?.split_once('"')).map(|(key, _)| key.to_owned()).collect()
}

/// String literals that look like keys: they begin as some key does.
fn lookalikes(code: &str, known: &BTreeSet<String>) -> Vec<String> {
    let first = |key: &str| key.split_once('-').map(|(first, _)| first.to_owned());
    let beginnings: BTreeSet<String> = known.iter().filter_map(|key| first(key)).collect();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let words = code.split('"').filter(|word| word.chars().all(plain));
    words
        .filter(|word| first(word).is_some_and(|first| beginnings.contains(&first)))
        .map(str::to_owned)
        .collect()
}

/// Source without its comments, so that examples in them do not count.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn both_languages_have_the_same_keys_and_variables() {
    let [turkish, english] = Language::ALL.map(|language| keys(language.source()));
    assert_eq!(turkish, english);
    assert!(turkish.len() > 50, "the scan found almost nothing");
}

#[test]
fn every_key_in_code_exists_and_every_text_is_used() {
    let known: BTreeSet<String> =
        keys(Language::English.source()).into_keys().filter(|key| !key.contains('.')).collect();
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let code: String =
        files.iter().filter(|path| !path.ends_with("messages/tests.rs")).map(|path| code(path)).collect();
    let calls = ["message(", "text.get("];
    let mut used: BTreeSet<String> = calls.iter().flat_map(|call| literals(&code, call)).collect();
    used.extend(lookalikes(&code, &known));
    let missing: Vec<_> = used.difference(&known).filter(|key| !key.ends_with('-')).collect();
    assert!(missing.is_empty(), "no such text: {missing:?}");
    let mentioned = |key: &str| {
        code.contains(&format!("\"{key}\"")) || MADE_IN_CODE.iter().any(|start| key.starts_with(start))
    };
    let unused: Vec<_> = known.iter().filter(|key| !mentioned(key)).collect();
    assert!(unused.is_empty(), "nobody says: {unused:?}");
}

#[test]
fn no_text_has_marks_that_nobody_sees() {
    for language in Language::ALL {
        let text = Text::new(language);
        let said = text.say(&Message::verbatim("a").with("unused", "b"));
        assert_eq!(said, "a");
        assert!(!language.source().contains(['\u{2068}', '\u{2069}', '\t']));
    }
}

#[test]
fn numbers_are_written_as_people_write_them() {
    let [turkish, english] = Language::ALL.map(Text::new);
    assert_eq!(
        (turkish.number(1_234_567), english.number(-1_234_567)),
        ("1.234.567".into(), "-1,234,567".into())
    );
    assert_eq!((turkish.number(999), english.number(1000)), ("999".into(), "1,000".into()));
    let rows = |n: i64| message("verbatim").with("words", n);
    assert_eq!((turkish.say(&rows(12_345)), english.say(&rows(12_345))), ("12.345".into(), "12,345".into()));
}

#[test]
fn an_unknown_key_is_shown_itself() {
    assert_eq!(Text::new(Language::English).get("no such text"), "no such text");
}
