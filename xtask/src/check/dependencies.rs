//! Dependency direction: crates know only what is below them, drivers stay in the crate that is made for them, and
//! development crates stay out of the program.

use super::Finding;
use crate::cargo::{Dependency, Package};

/// The program's crates, bottom up, and which of the others each may use.
const LAYERS: [(&str, &[&str]); 13] = [
    ("denk-model", &[]),
    ("denk-office", &["denk-model"]),
    ("denk-export", &["denk-office", "denk-model"]),
    ("denk-database", &["denk-model"]),
    ("denk-merge", &["denk-model"]),
    ("denk-flow", &["denk-database", "denk-model"]),
    ("denk-replica", &["denk-merge", "denk-database", "denk-model"]),
    ("denk-store", &["denk-replica", "denk-merge", "denk-database", "denk-office", "denk-model"]),
    ("denk-hub", &["denk-store", "denk-export", "denk-office", "denk-replica", "denk-merge", "denk-model"]),
    ("denk-notify", &[]),
    ("denk-sftp", &[]),
    ("denk-agent", &["denk-replica", "denk-merge", "denk-database", "denk-model"]),
    (
        "denk",
        &[
            "denk-agent",
            "denk-hub",
            "denk-notify",
            "denk-sftp",
            "denk-store",
            "denk-replica",
            "denk-merge",
            "denk-flow",
            "denk-database",
            "denk-model",
        ],
    ),
];

/// Crates for development, and which of ours each may use.
const DEVELOPMENT: [(&str, &[&str]); 3] = [
    ("denk-testkit", &[]),
    (
        "denk-sim",
        &["denk-agent", "denk-store", "denk-replica", "denk-merge", "denk-database", "denk-testkit"],
    ),
    ("xtask", &["denk-testkit"]),
];

const DRIVERS: [&str; 4] = ["rusqlite", "tokio-postgres", "tokio-postgres-rustls", "tiberius"];
const DRIVERS_HOME: &str = "denk-database";

/// Crates whose tests may make and read SQLite files by themselves.
const SQLITE_IN_TESTS: [&str; 6] =
    ["denk-flow", "denk-replica", "denk-store", "denk-hub", "denk-agent", "denk"];
/// Crates that may always: they are only for tests.
const SQLITE: [&str; 2] = ["denk-testkit", "denk-sim"];

pub fn check(packages: &[Package]) -> Vec<Finding> {
    let each = |package| package_findings(package, packages);
    packages.iter().flat_map(each).collect()
}

fn package_findings(package: &Package, packages: &[Package]) -> Vec<Finding> {
    let Some(allowed) = allowed(&package.name) else {
        return vec![finding(package, "has no layer", "give it one in xtask/src/check/dependencies.rs")];
    };
    let ours = |name: &str| packages.iter().any(|other| other.name == name);
    let forbidden = package.dependencies.iter().filter_map(|dependency| {
        let name = dependency.name.as_str();
        let is_wrong = if ours(name) {
            !allowed.contains(&name) && !may_in_test(&package.name, dependency)
        } else {
            DRIVERS.contains(&name) && !may_use_driver(&package.name, dependency)
        };
        is_wrong.then(|| direction(package, dependency))
    });
    forbidden.collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    let layer = LAYERS.iter().chain(&DEVELOPMENT).find(|(layer, _)| *layer == name)?;
    Some(layer.1)
}

/// Tests also reach what lies further down.
fn may_in_test(package: &str, dependency: &Dependency) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|(layer, _)| *layer == name);
    let below = layer(&dependency.name).is_some_and(|below| Some(below) < layer(package));
    is_for_tests(dependency) && (below || dependency.name == "denk-testkit")
}

fn may_use_driver(package: &str, dependency: &Dependency) -> bool {
    let in_tests = SQLITE_IN_TESTS.contains(&package) && is_for_tests(dependency);
    let sqlite = dependency.name == "rusqlite" && (in_tests || SQLITE.contains(&package));
    package == DRIVERS_HOME || sqlite
}

fn is_for_tests(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev")
}

fn direction(package: &Package, dependency: &Dependency) -> Finding {
    let name = &dependency.name;
    let remedy = match name.as_str() {
        _ if DRIVERS.contains(&name.as_str()) => "go through the connector contract of denk-database",
        "denk-testkit" => "name it under [dev-dependencies]",
        _ => "arrows point down only; see docs/architecture.md",
    };
    let kind = dependency.kind.as_deref().map_or(String::new(), |kind| format!("{kind}-"));
    finding(package, &format!("{kind}depends on {name}"), remedy)
}

fn finding(package: &Package, problem: &str, remedy: &str) -> Finding {
    Finding {
        place: package.manifest_path.display().to_string(),
        problem: format!("{} {problem}", package.name),
        remedy: remedy.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).into(),
            kind: kind.map(Into::into),
        };
        Package {
            name: name.into(),
            manifest_path: format!("{name}/Cargo.toml").into(),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn problems(packages: &[Package]) -> Vec<String> {
        check(packages).into_iter().map(|finding| finding.problem).collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn arrows_down_and_development_in_tests_pass() {
        let packages = [
            package("denk-model", &[("serde", None)]),
            package(
                "denk-database",
                &[("denk-model", None), ("tiberius", None), ("denk-testkit", Some("dev"))],
            ),
            package("denk-flow", &[("denk-database", None), ("rusqlite", Some("dev"))]),
            package("denk-hub", &[("denk-database", Some("dev"))]),
            package("denk-testkit", &[("rusqlite", None)]),
            package("xtask", &[("denk-testkit", None)]),
        ];
        assert_eq!(problems(&packages), NOTHING);
    }

    #[test]
    fn arrows_up_fail() {
        let packages = [package("denk-model", &[("denk-database", None)]), package("denk-database", &[])];
        assert_eq!(problems(&packages), ["denk-model depends on denk-database"]);
        let packages = [package("denk-database", &[("denk", Some("dev"))]), package("denk", &[])];
        assert_eq!(problems(&packages), ["denk-database dev-depends on denk"]);
    }

    #[test]
    fn development_in_the_program_fails() {
        let packages = [package("denk", &[("denk-testkit", None)]), package("denk-testkit", &[])];
        assert_eq!(problems(&packages), ["denk depends on denk-testkit"]);
        let packages = [package("denk", &[("xtask", Some("dev"))]), package("xtask", &[])];
        assert_eq!(problems(&packages), ["denk dev-depends on xtask"]);
    }

    #[test]
    fn drivers_away_from_home_fail() {
        let packages = [package("denk", &[("rusqlite", None), ("tokio-postgres", Some("dev"))])];
        assert_eq!(problems(&packages), ["denk depends on rusqlite", "denk dev-depends on tokio-postgres"]);
    }

    #[test]
    fn a_crate_without_a_layer_fails() {
        assert_eq!(problems(&[package("denk-new", &[])]), ["denk-new has no layer"]);
    }
}
