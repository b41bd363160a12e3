//! The repository's text files.

use std::{fs, path::Path};

use anyhow::Context;

/// What a text is checked as.
const KINDS: [&str; 6] = ["rs", "md", "sql", "toml", "ftl", "sh"];

/// Folders beginning with a dot that are ours.
const OWN_DOTTED: [&str; 4] = [".cargo", ".ci", ".config", ".github"];

/// One text file.
#[derive(Debug)]
pub struct Source {
    /// From the repository's folder, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// `path:line` of a byte of the text.
    pub fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.path, 1 + self.text[..offset].matches('\n').count())
    }

    pub fn is(&self, kind: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == kind)
    }
}

/// All texts below `root`, ordered by path, without what cargo builds.
pub fn read(root: &Path, target: &Path) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if path != target && is_ours(&entry.file_name().to_string_lossy()) {
                    folders.push(path);
                }
            } else if let Some(text) = text(&path)? {
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn is_ours(folder: &str) -> bool {
    folder != "target" && (!folder.starts_with('.') || OWN_DOTTED.contains(&folder))
}

fn text(path: &Path) -> anyhow::Result<Option<String>> {
    let is_text = path.extension().is_some_and(|extension| KINDS.iter().any(|kind| extension == *kind));
    if !is_text {
        return Ok(None);
    }
    Ok(Some(fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line() {
        let source = Source { path: "a.rs".into(), text: "one\ntwo\n".into() };
        assert_eq!(source.place(0), "a.rs:1");
        assert_eq!(source.place(4), "a.rs:2");
    }

    #[test]
    fn what_cargo_builds_and_hidden_folders_are_not_ours() {
        assert!(is_ours("src") && is_ours(".ci"));
        assert!(!is_ours("target") && !is_ours(".git"));
    }

    #[test]
    fn texts_are_found_in_folders() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b/target")).unwrap();
        fs::write(root.path().join("b/x.rs"), "x").unwrap();
        fs::write(root.path().join("a.md"), "a").unwrap();
        fs::write(root.path().join("a.png"), [0xff]).unwrap();
        fs::write(root.path().join("b/target/y.rs"), "y").unwrap();
        let sources = read(root.path(), Path::new("/nowhere")).unwrap();
        let paths: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["a.md", "b/x.rs"]);
    }
}
