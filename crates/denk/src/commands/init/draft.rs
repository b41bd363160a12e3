//! The text of a new `denk.toml`.

use toml::Value;

use crate::{
    config::{Name, Raw, Reference, Setting, old::Old},
    messages::Text,
};

/// Sections in the order in which they stand in the file.
const SECTIONS: [&str; 8] = ["databases", "flows", "hub", "mikro", "schedule", "feed", "notify", "log"];

/// The file's text: settings of the old programs where there are any, examples in comments elsewhere.
pub(super) fn draft(old: Option<&Old>, entegra: Option<&str>, text: &Text) -> String {
    let settings = old.map(|old| old.settings.as_slice()).unwrap_or_default();
    let mut draft = comment(&text.get("draft-top"));
    draft += &format!(
        "language = \"{}\"\nzone     = \"{}\"\n",
        text.language().code(),
        crate::config::DEFAULT_ZONE
    );
    for section in SECTIONS {
        let own: Vec<&Setting> = settings.iter().filter(|s| s.name.parts()[0] == section).collect();
        draft += &match section {
            "databases" => databases(&own, entegra, text),
            "flows" => flows(&own, old.is_some(), text),
            _ => tables(&own),
        };
    }
    draft
}

/// Variables that the file refers to.
pub(super) fn secret_names(old: &Old) -> Vec<&str> {
    let names = old.settings.iter().filter_map(|setting| match &setting.raw {
        Raw::Reference(Reference::Environment(name)) => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

fn comment(words: &str) -> String {
    words.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

fn databases(own: &[&Setting], entegra: Option<&str>, text: &Text) -> String {
    let mut lines = format!("\n{}[databases]\n", comment(&text.get("draft-databases")));
    let example = [
        ("erp", "mssql://user@host:1433/MikroDB_V15_01?encrypt=true"),
        ("web", "postgres://user@host:5432/web"),
    ];
    for (name, address) in example {
        lines += &match part(own, name, "url") {
            Some(url) => database(name, url, part(own, name, "password")),
            None => {
                let variable = format!("{}_PASSWORD", name.to_uppercase());
                format!("# {name} = {{ url = \"{address}\", password = {{ env = \"{variable}\" }} }}\n")
            }
        };
    }
    lines
        + &match entegra {
            Some(file) => format!("entegra = {}\n", Value::String(format!("sqlite:{file}"))),
            None => format!("# entegra = \"sqlite:{}\"\n", super::ENTEGRA_FILE),
        }
}

fn part<'a>(own: &[&'a Setting], name: &str, part: &str) -> Option<&'a Setting> {
    own.iter().find(|setting| setting.name == Name::new(["databases", name, part])).copied()
}

fn database(name: &str, url: &Setting, password: Option<&Setting>) -> String {
    match password {
        Some(password) => {
            format!("{name} = {{ url = {}, password = {} }}\n", raw(&url.raw), raw(&password.raw))
        }
        None => format!("{name} = {}\n", raw(&url.raw)),
    }
}

fn flows(own: &[&Setting], with_preset: bool, text: &Text) -> String {
    let preset = if with_preset { "preset = \"mikro\"\n" } else { "# preset = \"mikro\"\n" };
    let mut lines = format!("\n{}[flows]\n{preset}", comment(&text.get("draft-flows")));
    own.iter().for_each(|setting| lines += &line(setting));
    lines
}

/// `[section]`, then its tables (`[section.table]`).
fn tables(own: &[&Setting]) -> String {
    let mut lines = String::new();
    let mut above: Option<&[String]> = None;
    let mut sorted = own.to_vec();
    sorted.sort_by_key(|setting| (setting.name.parts().len(), setting.name.clone()));
    for setting in sorted {
        let parts = setting.name.parts();
        let table = &parts[..parts.len() - 1];
        if above != Some(table) {
            lines += &format!("\n[{}]\n", Name::new(table.iter().cloned()));
            above = Some(table);
        }
        lines += &line(setting);
    }
    lines
}

fn line(setting: &Setting) -> String {
    format!("{} = {}\n", Name::new([setting.name.last()]), raw(&setting.raw))
}

/// The value itself: settings of the old programs hold references, never secrets.
fn raw(raw: &Raw) -> String {
    match raw {
        Raw::Value(value) => value.to_string(),
        Raw::Reference(Reference::Environment(name)) => {
            format!("{{ env = {} }}", Value::String(name.clone()))
        }
        Raw::Reference(Reference::File(path)) => {
            format!("{{ file = {} }}", Value::String(path.display().to_string().replace('\\', "/")))
        }
    }
}
