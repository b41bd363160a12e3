//! Reading a flow file, with errors that a person can act on.

use super::Flow;

/// A flow file that cannot be used, with the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct DefinitionError {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub what: String,
    /// The word that was probably meant.
    pub nearest: Option<String>,
}

/// Reads one flow file.
///
/// # Errors
/// [`DefinitionError`] for anything that is not exactly a flow.
pub fn read(file: &str, text: &str) -> Result<Flow, DefinitionError> {
    let flow: Flow = toml::from_str(text).map_err(|error| locate(file, text, &error))?;
    match complaint(&flow) {
        None => Ok(flow),
        Some((word, what)) => {
            let line = line_of(text, text.find(word).unwrap_or(0));
            Err(DefinitionError { file: file.to_owned(), line, what, nearest: None })
        }
    }
}

/// What serde cannot check: the word to look for in the file, and the sentence.
fn complaint(flow: &Flow) -> Option<(&'static str, String)> {
    let source = &flow.source;
    if source.table.is_some() == source.query.is_some() {
        return Some(("[source]", "a source needs either `table` or `query`".to_owned()));
    }
    if source.query.is_some() && source.key.is_empty() {
        return Some(("query", "a source with `query` needs `key`".to_owned()));
    }
    if !flow.columns.all && flow.column.is_empty() {
        return Some((
            "name",
            "no column is carried: set `columns.all = true` or write `[[column]]`".to_owned(),
        ));
    }
    if !["erp_to_web", "web_to_erp"].contains(&flow.direction.as_str()) {
        return Some((
            "direction",
            format!("`{}` is no direction: erp_to_web or web_to_erp", flow.direction),
        ));
    }
    let origins = |rule: &&super::ColumnRule| {
        [rule.value.is_some(), rule.from.is_some(), rule.now].iter().filter(|given| **given).count() > 1
    };
    flow.column.iter().find(origins).map(|rule| {
        ("[[column]]", format!("column `{}` has more than one of `from`, `value` and `now`", rule.to))
    })
}

fn locate(file: &str, text: &str, error: &toml::de::Error) -> DefinitionError {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    let what = error.message().lines().next().unwrap_or_default().to_owned();
    let nearest = nearest(&what);
    DefinitionError { file: file.to_owned(), line, what, nearest }
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count() + 1
}

/// Of the words that serde expected (the second and later ones in back quotes), the one nearest to what it found.
fn nearest(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    let found = words.next()?;
    let near = |word: &&str| strsim::damerau_levenshtein(found, word);
    words.min_by_key(near).filter(|word| near(word) <= 3).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"a\"\n[source]\ndatabase = \"x\"\ntable = \"t\"\n[target]\ndatabase = \"y\"\ntable = \"t\"\n[columns]\nall = true\n";

    #[test]
    fn a_small_flow_is_read() {
        assert_eq!(read("a.toml", GOOD).unwrap().target.table, "t");
    }

    #[test]
    fn a_misspelt_word_is_shown_with_its_line_and_the_right_one() {
        let error = read("a.toml", &GOOD.replace("[columns]\nall", "[columns]\nal")).unwrap_err();
        assert_eq!((error.line, error.nearest.as_deref()), (9, Some("all")));
        assert!(error.to_string().starts_with("a.toml:9: unknown field `al`"), "{error}");
    }

    #[test]
    fn contradictions_are_shown_with_their_line() {
        let both = GOOD.replace("table = \"t\"\n[target]", "table = \"t\"\nquery = \"select 1\"\n[target]");
        assert_eq!(read("a.toml", &both).unwrap_err().line, 2);
        assert!(read("a.toml", &GOOD.replace("all = true", "all = false")).is_err());
        assert!(read("a.toml", &GOOD.replace("name = \"a\"", "name = \"a\"\ndirection = \"up\"")).is_err());
    }
}
