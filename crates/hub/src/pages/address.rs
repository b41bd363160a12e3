//! The part of an address behind `?`, read and written.

use url::form_urlencoded;

/// Fields in the order in which they stand; of several of one name the last counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

/// Longer values are nobody's.
const CHARS_MAX: usize = 200;

impl Fields {
    /// Anything can be read: what is no field says nothing.
    pub fn read(query: &str) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value: String = value.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect();
            fields = fields.with(&name, Some(&value));
        }
        fields
    }

    /// What stands in a field, if anything.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The same with this field, or without it.
    pub fn with(&self, name: &str, value: Option<&str>) -> Self {
        let others = self.0.iter().filter(|(known, _)| known != name).cloned();
        let own = value.map(|value| (name.to_owned(), value.to_owned()));
        Self(others.chain(own).collect())
    }

    /// Of these names only.
    pub fn only(&self, names: &[&str]) -> Self {
        let kept =
            self.0.iter().filter(|(name, value)| names.contains(&name.as_str()) && !value.trim().is_empty());
        Self(kept.cloned().collect())
    }

    /// The address with these fields.
    pub fn on(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let mut query = form_urlencoded::Serializer::new(format!("{path}?"));
        query.extend_pairs(&self.0);
        // The serializer takes what is there for a field before.
        query.finish().replacen("?&", "?", 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_whatever_stands_in_it() {
        let fields = Fields::read("q=%C3%A7a%C4%9Fla+%26&page=2&page=3&bad=%FF&=x&lang=");
        assert_eq!(
            (fields.get("q"), fields.get("page"), fields.get("lang")),
            (Some("çağla &"), Some("3"), None)
        );
        let written = fields.only(&["q", "page"]).with("page", Some("1")).on("/employees");
        assert_eq!(written, "/employees?q=%C3%A7a%C4%9Fla+%26&page=1");
        assert_eq!(Fields::default().on("/a"), "/a");
        assert_eq!(Fields::read("q=q=&&&=").get("q"), Some("q="));
    }

    #[test]
    fn a_long_value_is_cut_and_control_characters_are_gone() {
        let fields = Fields::read(&format!("q=a%00%0Ab{}", "x".repeat(1000)));
        assert_eq!(fields.get("q").map(str::len), Some(CHARS_MAX));
        assert!(fields.get("q").unwrap().starts_with("abx"));
    }
}
