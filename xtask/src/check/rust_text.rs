//! Rust text cut into code, literals and comments, so that a rule about one does not trip over another.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    Code,
    /// Strings and characters, with their quotes.
    Literal,
    Comment,
}

/// The text with everything but `part` blanked; offsets and lines stay.
pub fn only(part: Part, text: &str) -> String {
    let mut view: Vec<u8> = text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
    for (_, range) in parts(text).into_iter().filter(|(found, _)| *found == part) {
        view[range.clone()].copy_from_slice(&text.as_bytes()[range]);
    }
    String::from_utf8(view).expect("parts begin and end at characters")
}

fn parts(text: &str) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let mut code_from = 0;
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let in_word = text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        match special(&text[at..], in_word) {
            Some((part, length)) => {
                parts.push((Part::Code, code_from..at));
                parts.push((part, at..at + length));
                at += length;
                code_from = at;
            }
            None => at += character.len_utf8(),
        }
    }
    parts.push((Part::Code, code_from..at));
    parts
}

/// A literal or comment at the beginning of `rest`, and its length.
fn special(rest: &str, in_word: bool) -> Option<(Part, usize)> {
    if rest.starts_with("//") {
        return Some((Part::Comment, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some((Part::Comment, block_comment(rest)));
    }
    if rest.starts_with('"') {
        return Some((Part::Literal, quoted(rest, '"')));
    }
    if rest.starts_with('\'') {
        return is_character(rest).then(|| (Part::Literal, quoted(rest, '\'')));
    }
    if in_word { None } else { raw_string(rest).map(|length| (Part::Literal, length)) }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// `'x'` and `'\n'`, not the lifetime `'x`.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

/// `r"..."`, `r#"..."#`, `br"..."`, `cr"..."`.
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let body = &rest[prefix.len()..];
    let hashes = body.bytes().take_while(|byte| *byte == b'#').count();
    let inner = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&end).map_or(inner.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(part: Part, text: &str) -> String {
        only(part, text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn code_literals_and_comments_are_told_apart() {
        let text = "let a = \"x // y\"; // it's \"c\"\nb /* d /* e */ f */ g";
        assert_eq!(words(Part::Code, text), "let a = ; b g");
        assert_eq!(words(Part::Literal, text), "\"x // y\"");
        assert_eq!(words(Part::Comment, text), "// it's \"c\" /* d /* e */ f */");
    }

    #[test]
    fn offsets_and_lines_stay() {
        let text = "é \"ş\n\" b";
        let code = only(Part::Code, text);
        assert_eq!(
            (code.len(), code.find('b'), code.find('\n')),
            (text.len(), text.find('b'), text.find('\n'))
        );
    }

    #[test]
    fn lifetimes_are_code_and_characters_are_not() {
        let text = r#"fn f<'a>(x: &'a str) -> char { if x == "\"" { '"' } else { '\'' } }"#;
        assert_eq!(words(Part::Literal, text), r#""\"" '"' '\''"#);
        assert!(only(Part::Code, text).contains("&'a str"));
    }

    #[test]
    fn raw_strings_end_where_they_say() {
        let text = "a(r#\"b \" c\\\"#, br\"\\\", for r in x)";
        assert_eq!(words(Part::Code, text), "a( , , for r in x)");
    }

    #[test]
    fn unfinished_text_is_no_trouble() {
        for text in ["\"abc", "/* abc", "'", "r#\"abc", "'\\"] {
            assert_eq!(only(Part::Code, text).len(), text.len());
        }
    }
}
