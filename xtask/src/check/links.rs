//! Links of the documentation: what they point to exists, headings too. Addresses of other sites are not visited.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use super::{Finding, sources::Source};

pub fn check(sources: &[Source], root: &Path) -> Vec<Finding> {
    let pages: HashMap<&str, &Source> = sources
        .iter()
        .filter(|source| source.is("md"))
        .map(|source| (source.path.as_str(), source))
        .collect();
    let mut findings: Vec<Finding> = Vec::new();
    for page in sources.iter().filter(|source| source.is("md")) {
        let broken = links(&page.text).into_iter().filter_map(|(offset, link)| {
            let remedy = problem_of(page, &link, &pages, root)?;
            Some(Finding {
                place: page.place(offset),
                problem: format!("link to `{link}` leads nowhere"),
                remedy,
            })
        });
        findings.extend(broken);
    }
    findings
}

/// What to do about a link; `None` when it is good.
fn problem_of(page: &Source, link: &str, pages: &HashMap<&str, &Source>, root: &Path) -> Option<String> {
    if is_elsewhere(link) {
        return None;
    }
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let Some(path) = resolve(&page.path, &file.replace("%20", " ")) else {
        return Some("it leaves the repository".into());
    };
    if !root.join(&path).exists() {
        return Some(format!("there is no {path}"));
    }
    let target = pages.get(path.as_str())?;
    let is_there = heading.is_none_or(|heading| anchors(&target.text).contains(heading));
    (!is_there).then(|| format!("{path} has no such heading"))
}

fn is_elsewhere(link: &str) -> bool {
    let scheme = link.split_once(':').map(|(scheme, _)| scheme);
    link.starts_with("//")
        || scheme.is_some_and(|s| s.len() > 1 && s.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// A link's file as a path from the root; `None` when it leads above it.
fn resolve(page: &str, file: &str) -> Option<String> {
    if file.is_empty() {
        return Some(page.to_owned());
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (from, file) = file.strip_prefix('/').map_or((folder, file), |file| ("", file));
    let mut path: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()?),
            name => path.push(name),
        }
    }
    Some(path.join("/"))
}

/// `](target)` and `[label]: target` outside of code, with their offsets.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (offset, line) in prose(text) {
        let inline = line.match_indices("](").map(|(at, mark)| at + mark.len());
        let definition = line.starts_with('[').then(|| line.find("]: ")).flatten().map(|at| at + 3);
        for at in inline.chain(definition) {
            if let Some(target) = target(&line[at..]) {
                links.push((offset + at, target.to_owned()));
            }
        }
    }
    links
}

/// The address at the beginning of `rest`, without its title.
fn target(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    let target = match rest.strip_prefix('<') {
        Some(rest) => rest.split('>').next()?,
        None => rest.split(|c: char| c.is_whitespace() || c == ')').next()?,
    };
    (!target.is_empty()).then_some(target)
}

/// Lines outside of code blocks, code within the line blanked, with their offsets.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut fence: Option<&str> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, None) => lines.push((offset, without_code(line))),
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
        }
        offset += line.len();
    }
    lines
}

fn without_code(line: &str) -> String {
    let mut inside = false;
    let mut blank = |c: char| {
        inside ^= c == '`';
        if inside || c == '`' { " ".repeat(c.len_utf8()) } else { c.to_string() }
    };
    // A single backtick is only a character.
    if line.matches('`').count().is_multiple_of(2) {
        line.chars().map(&mut blank).collect()
    } else {
        line.to_owned()
    }
}

/// What `#...` may point to: headings as GitHub names them, and `id="..."`.
fn anchors(text: &str) -> HashSet<String> {
    let mut anchors = HashSet::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for slug in headings(text).map(slug) {
        let before = seen.entry(slug.clone()).or_default();
        anchors.insert(if *before == 0 { slug } else { format!("{slug}-{before}") });
        *before += 1;
    }
    let ids = text.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    anchors.extend(ids.map(ToOwned::to_owned));
    anchors
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    prose(text).into_iter().filter_map(|(offset, line)| {
        // From the text, because code belongs to a heading's name.
        let heading = text[offset..offset + line.len()].trim_start_matches('#');
        (line.starts_with('#') && heading.starts_with(' ')).then_some(heading)
    })
}

fn slug(heading: &str) -> String {
    let shown = without_targets(heading.trim());
    let kept = shown.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// `[text](target)` is shown as `text`.
fn without_targets(heading: &str) -> String {
    let mut parts = heading.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + part.split_once(')').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    fn problems(pages: &[Source]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for page in pages {
            let file = root.path().join(&page.path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, &page.text).unwrap();
        }
        let findings = check(pages, root.path());
        findings.into_iter().map(|finding| format!("{} {}", finding.place, finding.remedy)).collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn good_links_pass() {
        let text = "# One `two`, three!\n# Same\n# Same\n[a](docs/b.md#İki-şey) [b](#one-two-three) [c](#same-1)\n\
                    [d](https://denk.example/x) ![e](docs/ \"title\") [f](<docs/b.md>) `[g](h.md)`\n\
                    ```\n[i](j.md)\n```\n[k]: docs/b.md\n";
        let other =
            "## İki şey\n[up](../README.md#one-two-three) [root](/README.md)\n<a id=\"x\"></a> [x](#x)\n";
        let other = other.replace("İki", "iki");
        let text = text.replace("İki", "iki");
        assert_eq!(problems(&[page("README.md", &text), page("docs/b.md", &other)]), NOTHING);
    }

    #[test]
    fn links_to_nowhere_fail() {
        let text = "# A\n[a](b.md)\n[c](#d) [e](../f.md)\n\n[g]: docs/h.md\n";
        assert_eq!(
            problems(&[page("README.md", text)]),
            [
                "README.md:2 there is no b.md",
                "README.md:3 README.md has no such heading",
                "README.md:3 it leaves the repository",
                "README.md:5 there is no docs/h.md",
            ]
        );
    }
}
