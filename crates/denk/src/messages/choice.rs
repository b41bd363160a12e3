//! Which language denk speaks.

use super::Language;
use crate::config::{Environment, Origin};

/// A language and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub language: Language,
    pub origin: Origin,
}

/// `--lang`, else `DENK_LANG`, else the configuration, else the locale, else Turkish.
///
/// A locale of another language (or `C`) means English. A `DENK_LANG` that names neither language is passed over.
#[must_use]
pub fn choose(flag: Option<Language>, environment: &Environment, configured: Option<Chosen>) -> Chosen {
    if let Some(language) = flag {
        return Chosen { language, origin: Origin::Flag("--lang") };
    }
    if let Some(language) = environment.get("DENK_LANG").and_then(Language::named) {
        return Chosen { language, origin: Origin::Environment("DENK_LANG".into()) };
    }
    configured
        .or_else(|| from_locale(environment))
        .unwrap_or(Chosen { language: Language::Turkish, origin: Origin::Default })
}

fn from_locale(environment: &Environment) -> Option<Chosen> {
    let (name, locale) = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| Some((name, environment.get(name)?)))?;
    let language = Language::named(locale).unwrap_or(Language::English);
    Some(Chosen { language, origin: Origin::Environment(name.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        variables: &[(&str, &str)],
        flag: Option<Language>,
        configured: Option<Language>,
    ) -> (Language, String) {
        let environment = Environment::new(variables.iter().copied(), "/");
        let configured = configured.map(|language| Chosen { language, origin: Origin::Default });
        let chosen = choose(flag, &environment, configured);
        (chosen.language, format!("{:?}", chosen.origin))
    }

    #[test]
    fn the_flag_is_heard_first_then_the_variable_then_the_file_then_the_locale() {
        use Language::{English, Turkish};
        let all = [("DENK_LANG", "tr"), ("LANG", "en_GB.UTF-8")];
        assert_eq!(chosen(&all, Some(English), Some(English)).0, English);
        assert_eq!(chosen(&all, None, Some(English)).0, Turkish);
        assert_eq!(chosen(&all[1..], None, Some(Turkish)).0, Turkish);
        assert_eq!(chosen(&all[1..], None, None), (English, "Environment(\"LANG\")".into()));
    }

    #[test]
    fn without_a_locale_denk_speaks_turkish_and_to_others_english() {
        use Language::{English, Turkish};
        assert_eq!(chosen(&[], None, None).0, Turkish);
        assert_eq!(chosen(&[("LANG", "")], None, None).0, Turkish);
        assert_eq!(chosen(&[("LANG", "tr_TR.UTF-8")], None, None).0, Turkish);
        assert_eq!(chosen(&[("LC_ALL", "C"), ("LANG", "tr_TR.UTF-8")], None, None).0, English);
        assert_eq!(chosen(&[("LC_MESSAGES", "de_DE.UTF-8")], None, None).0, English);
        assert_eq!(chosen(&[("DENK_LANG", "xx"), ("LC_MESSAGES", "tr")], None, None).0, Turkish);
    }
}
