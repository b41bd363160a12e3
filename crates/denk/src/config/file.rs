//! `denk.toml`: text -> settings with their places. Knows which keys exist, not what they mean.

use std::{ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Name, Origin, Raw, Reference, Setting, read_text, schema};
use crate::{
    failure::{Code, Failure, Result},
    messages::message,
};

/// The settings of a file, in its order. `shown`: the path as people know it.
///
/// # Errors
/// `ConfigurationUnreadable`, `NotToml`, `UnknownKey`, `WrongValue`, each with file, line and column.
pub(super) fn read(path: &Path, shown: &Path) -> Result<Vec<Setting>> {
    parse(&read_text(path)?, shown)
}

fn parse(text: &str, path: &Path) -> Result<Vec<Setting>> {
    let source = Source { text, path };
    let document = DeTable::parse(text).map_err(|error| {
        let why = message("config-not-toml")
            .with("place", source.origin(error.span().unwrap_or_default()).spot())
            .with("reason", message(why_not(error.message())));
        Failure::new(Code::NotToml, message("config-what"), why, message("config-toml-hint"))
    })?;
    let mut found = Vec::new();
    source.walk(&Name::new::<String>([]), document.get_ref(), &mut found)?;
    for setting in &found {
        schema::check(setting)?;
    }
    Ok(found)
}

/// The reader's own words are English; people are told of which kind they are.
fn why_not(said: &str) -> &'static str {
    let is = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match () {
        () if is(&["duplicate key"]) => "config-toml-duplicate",
        () if is(&["missing value", "no value", "missing assignment", "extra `=`", "extra assignment"]) => {
            "config-toml-assignment"
        }
        () if is(&["unexpected key or value", "unexpected content"]) => "config-toml-more",
        () if is(&["quoted", "invalid float", "invalid integer", "invalid datetime", "invalid value"]) => {
            "config-toml-value"
        }
        () if is(&["unclosed", "missing opening", "basic string", "literal string"]) => {
            "config-toml-unclosed"
        }
        () => "config-toml-other",
    }
}

struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    fn walk(&self, under: &Name, table: &DeTable<'_>, found: &mut Vec<Setting>) -> Result<()> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = under.with(key.get_ref());
            let origin = self.origin(key.span());
            schema::known(&name, matches!(value.get_ref(), DeValue::Table(_)), &origin)?;
            self.setting(name, value, origin, found)?;
        }
        Ok(())
    }

    fn setting(
        &self,
        name: Name,
        value: &Spanned<DeValue<'_>>,
        origin: Origin,
        found: &mut Vec<Setting>,
    ) -> Result<()> {
        let reference = reference(&name, value.get_ref());
        match value.get_ref() {
            DeValue::Table(table) if reference.is_none() => self.walk(&name, table, found),
            plain => {
                let raw = match reference {
                    Some(reference) => Raw::Reference(reference),
                    None => Raw::Value(
                        plain_value(plain).ok_or_else(|| schema::wrong(&name, &origin, "value-number"))?,
                    ),
                };
                found.push(Setting::new(schema::canonical(name), raw, origin));
                Ok(())
            }
        }
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let before = &self.text[..self.text.floor_char_boundary(span.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Origin::File { path: self.path.to_owned(), line, column }
    }
}

/// `{ env = "NAME" }` or `{ file = "PATH" }`; never a whole section, which may hold a setting of that name.
fn reference(name: &Name, value: &DeValue<'_>) -> Option<Reference> {
    let DeValue::Table(table) = value else { return None };
    if name.parts().len() < 2 || table.len() != 1 {
        return None;
    }
    let (key, value) = table.iter().next()?;
    let DeValue::String(text) = value.get_ref() else { return None };
    match key.get_ref().as_ref() {
        "env" => Some(Reference::Environment(text.trim().to_owned())),
        "file" => Some(Reference::File(text.trim().into())),
        _ => None,
    }
}

/// `None` for a number that no TOML reader can hold.
fn plain_value(value: &DeValue<'_>) -> Option<toml::Value> {
    use toml::Value as V;
    Some(match value {
        DeValue::String(text) => V::String(text.clone().into_owned()),
        DeValue::Integer(digits) => V::Integer(i64::from_str_radix(digits.as_str(), digits.radix()).ok()?),
        DeValue::Float(digits) => V::Float(digits.as_str().parse().ok()?),
        DeValue::Boolean(flag) => V::Boolean(*flag),
        DeValue::Datetime(at) => V::Datetime(*at),
        DeValue::Array(items) => {
            V::Array(items.iter().map(|item| plain_value(item.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<toml::de::DeString<'_>>, &Spanned<DeValue<'_>>)| {
                Some((key.get_ref().clone().into_owned(), plain_value(value.get_ref())?))
            };
            V::Table(table.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}
