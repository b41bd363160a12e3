//! The flows and schemas that come with the program.

use include_dir::{Dir, include_dir};

/// How the hub merges the tables of offices: a preset's file that is no flow.
pub const TABLES: &str = "tables.toml";
/// What the hub's pages show of them: a preset's file that is no flow.
pub const PAGES: &str = "pages.toml";
/// Who gets an account on a new hub: a preset's file that is no flow.
pub const USERS: &str = "users.toml";

static PRESETS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../presets");

/// A file of a preset. `path` is relative to the preset's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    pub path: &'static str,
    pub text: &'static str,
}

/// Names of all presets.
#[must_use]
pub fn names() -> Vec<&'static str> {
    PRESETS.dirs().filter_map(|folder| folder.path().to_str()).collect()
}

/// The files of a preset in order of path; `None` when there is no preset of that name.
#[must_use]
pub fn files(preset: &str) -> Option<Vec<File>> {
    let folder = PRESETS.get_dir(preset)?;
    let mut files = Vec::new();
    collect(folder, preset, &mut files);
    files.sort_by_key(|file| file.path);
    Some(files)
}

/// The flow files of a preset.
#[must_use]
pub fn flows(preset: &str) -> Option<Vec<File>> {
    let is_flow = |file: &File| {
        ![TABLES, PAGES, USERS].contains(&file.path)
            && std::path::Path::new(file.path).extension().is_some_and(|end| end == "toml")
    };
    Some(files(preset)?.into_iter().filter(is_flow).collect())
}

/// `entegra/schema.sqlite.sql` for (`entegra`, `sqlite`).
#[must_use]
pub fn schema(preset: &str, database: &str, dialect: &str) -> Option<&'static str> {
    let path = format!("{database}/schema.{dialect}.sql");
    files(preset)?.into_iter().find(|file| file.path == path).map(|file| file.text)
}

fn collect(folder: &'static Dir<'static>, preset: &str, files: &mut Vec<File>) {
    for file in folder.files() {
        let path = file.path().to_str().and_then(|path| path.strip_prefix(preset)).unwrap_or_default();
        if let Some(text) = file.contents_utf8() {
            files.push(File { path: path.trim_start_matches(['/', '\\']), text });
        }
    }
    folder.dirs().for_each(|inner| collect(inner, preset, files));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_flow_can_be_read_and_names_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for preset in names() {
            for file in flows(preset).unwrap() {
                let flow = flow::read(file.path, file.text).unwrap();
                assert!(
                    file.path.ends_with(&format!("{}.toml", flow.name)),
                    "{} is in {}",
                    flow.name,
                    file.path
                );
                assert!(seen.insert(flow.name.clone()), "{} is there twice", flow.name);
            }
        }
        assert!(seen.len() >= 17);
        assert!(schema("mikro", "entegra", "sqlite").is_some_and(|sql| sql.contains("product_info")));
    }
}
