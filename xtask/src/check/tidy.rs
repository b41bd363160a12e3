//! House rules about Rust and SQL text. Each says what to do instead, and has a text that passes and one that fails.

use super::{
    Finding,
    rust_text::{self, Part},
    sources::Source,
};

struct Rule {
    problem: &'static str,
    remedy: &'static str,
    /// Beginnings of paths where the rule does not hold; say why.
    allowed: &'static [&'static str],
    /// Where a text breaks the rule.
    find: fn(&Text) -> Vec<usize>,
}

const RULES: [Rule; 6] = [
    Rule {
        problem: "reads the clock",
        remedy: "take the time as an argument or use the one clock module",
        allowed: &[
            // The clock modules: how far a database's clock is off; how long something took.
            "crates/denk/src/clock.rs",
            "crates/flow/src/clock.rs",
            "crates/store/src/clock.rs",
            // Compares a database's clock with this machine's.
            "crates/database/tests/contract/transactions.rs",
            // Measures real time; that is its purpose.
            "xtask/src/bench/agent.rs",
            "xtask/src/bench/measure.rs",
            "crates/testkit/src/office/typist.rs",
            // How long somebody else waits for a file is real time, whatever the clocks say.
            "crates/agent/src/office/hold.rs",
            // The runtime's own time, which tests move.
            "crates/agent/src/agent.rs",
            "crates/agent/tests/office/door.rs",
            "crates/agent/tests/office/way.rs",
        ],
        find: reads_the_clock,
    },
    Rule {
        problem: "sleeps in a test",
        remedy: "wait for the fact: a message, a predicate, the end of a process",
        allowed: &[
            // Types like a person, for a benchmark.
            "crates/testkit/src/office/typist.rs",
            // A hub that takes hours, in the runtime's own time.
            "crates/agent/tests/office/door.rs",
        ],
        find: sleeps_in_a_test,
    },
    Rule {
        problem: "puts SQL together with format!",
        remedy: "put the statement into a .sql file and render it with typed slots",
        allowed: &[],
        find: formats_sql,
    },
    Rule {
        problem: "has more than 700 lines",
        remedy: "make a folder of it, one file per topic",
        allowed: &[
            // Schemas of other programs, as they are.
            "presets/",
        ],
        find: is_too_long,
    },
    Rule {
        problem: "is unfinished",
        remedy: "finish it, or open an issue and remove the mark",
        allowed: &[],
        find: is_unfinished,
    },
    Rule {
        problem: "ignores a test",
        remedy: "repair or delete the test; one that lacks something says so with testkit::announce",
        allowed: &[],
        find: ignores_a_test,
    },
];

const LINES_MAX: usize = 700;
const CLOCKS: [&str; 4] = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];
const STATEMENTS: [&str; 6] = ["select", "insert", "update", "delete", "create", "drop"];

pub fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter_map(Text::of)
        .flat_map(|text| RULES.iter().flat_map(move |rule| rule.check(&text)))
        .collect()
}

/// A source, and what rules want to look at.
struct Text<'source> {
    source: &'source Source,
    code: String,
    comments: String,
}

impl<'source> Text<'source> {
    /// `None` for what no rule is about.
    fn of(source: &'source Source) -> Option<Self> {
        let (code, comments) = match source {
            _ if source.is("rs") => {
                (rust_text::only(Part::Code, &source.text), rust_text::only(Part::Comment, &source.text))
            }
            // The rules about comments hold for all of it.
            _ if source.is("sql") || source.is("sh") => (String::new(), source.text.clone()),
            _ => return None,
        };
        Some(Self { source, code, comments })
    }

    /// From where on the text is a test: everything in testkit and below a folder `tests`, else what follows
    /// `#[cfg(test)]`.
    fn tests_from(&self) -> Option<usize> {
        let path = &self.source.path;
        if path.contains("/tests/") || path.ends_with("/tests.rs") || path.starts_with("crates/testkit/") {
            return Some(0);
        }
        self.code.find("#[cfg(test)]")
    }
}

impl Rule {
    fn check(&self, text: &Text) -> Vec<Finding> {
        if self.allowed.iter().any(|path| text.source.path.starts_with(path)) {
            return Vec::new();
        }
        (self.find)(text).into_iter().map(|offset| self.finding(text.source, offset)).collect()
    }

    fn finding(&self, source: &Source, offset: usize) -> Finding {
        Finding { place: source.place(offset), problem: self.problem.into(), remedy: self.remedy.into() }
    }
}

/// Where `word` occurs and does not continue a longer one.
fn words(text: &str, word: &str) -> Vec<usize> {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(word).map(|(at, _)| at).filter(|at| begins(*at)).collect()
}

fn reads_the_clock(text: &Text) -> Vec<usize> {
    CLOCKS.iter().flat_map(|clock| words(&text.code, clock)).collect()
}

fn sleeps_in_a_test(text: &Text) -> Vec<usize> {
    let Some(from) = text.tests_from() else { return Vec::new() };
    words(&text.code, "sleep(").into_iter().filter(|at| *at >= from).collect()
}

/// Not in folders `sql` and `dialect` and in files of these names, which render the statements, and not in tests, whose
/// statements meet no outside input.
fn formats_sql(text: &Text) -> Vec<usize> {
    let renders =
        text.source.path.split('/').any(|name| matches!(name, "sql" | "sql.rs" | "dialect" | "dialect.rs"));
    if renders {
        return Vec::new();
    }
    let tests_from = text.tests_from().unwrap_or(text.code.len());
    let is_wrong = |at: &usize| *at < tests_from && is_statement(&text.source.text[at + "format!(".len()..]);
    words(&text.code, "format!(").into_iter().filter(is_wrong).collect()
}

/// Whether the first argument is a string literal that begins like a statement.
fn is_statement(arguments: &str) -> bool {
    let Some(literal) = arguments.trim_start().trim_start_matches(['r', '#']).strip_prefix('"') else {
        return false;
    };
    let literal = literal.trim_start().to_lowercase();
    STATEMENTS.iter().any(|word| literal.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\n'])))
}

fn is_too_long(text: &Text) -> Vec<usize> {
    let source = &text.source.text;
    let is_generated = source.lines().take(5).any(|line| line.contains("@generated"));
    // The offset of the first line too many; everything before is its own length.
    let too_many = source.match_indices('\n').nth(LINES_MAX - 1).map(|(at, _)| at + 1);
    too_many.filter(|at| !is_generated && *at < source.len()).into_iter().collect()
}

fn is_unfinished(text: &Text) -> Vec<usize> {
    let code = ["todo!", "unimplemented!"].into_iter().flat_map(|word| words(&text.code, word));
    let comments = words(&text.comments, concat!("FIX", "ME"));
    code.chain(comments).collect()
}

fn ignores_a_test(text: &Text) -> Vec<usize> {
    text.code.match_indices("#[ignore").map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines on which the rule with this problem is broken.
    fn broken(problem: &str, path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.into(), text: text.into() };
        let findings = check(&[source]);
        findings
            .into_iter()
            .filter(|finding| finding.problem == problem)
            .map(|finding| finding.place)
            .collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_clock_may_be_passed_named_and_kept_in_its_module() {
        let text =
            "// never Instant::now()\nfn f(now: Timestamp) { g(\"SystemTime::now\", MyInstant::now()) }";
        assert_eq!(broken("reads the clock", "crates/flow/src/a.rs", text), NOTHING);
        let text = "SystemTime::now()";
        assert_eq!(broken("reads the clock", "crates/denk/src/clock.rs", text), NOTHING);
    }

    #[test]
    fn a_clock_may_not_be_read() {
        let text = "let a =\n std::time::Instant::now();\nSystemTime::now();\njiff::Timestamp::now()";
        let places = broken("reads the clock", "a.rs", text);
        assert_eq!(places, ["a.rs:3", "a.rs:2", "a.rs:4"]);
    }

    #[test]
    fn the_program_may_sleep() {
        let text = "fn f() { sleep(second) }\n#[cfg(test)]\nmod tests { /* sleep( */ fn t() { oversleep(1); g(\"pg_sleep(1)\") } }";
        assert_eq!(broken("sleeps in a test", "a.rs", text), NOTHING);
    }

    #[test]
    fn tests_may_not_sleep() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n fn t() { tokio::time::sleep(second) }\n}";
        assert_eq!(broken("sleeps in a test", "a.rs", text), ["a.rs:4"]);
        assert_eq!(
            broken("sleeps in a test", "crates/a/tests/b.rs", "thread::sleep(second)"),
            ["crates/a/tests/b.rs:1"]
        );
    }

    #[test]
    fn other_text_may_be_formatted_and_sql_where_it_is_rendered() {
        let problem = "puts SQL together with format!";
        let text =
            "format!(\"selected {n}\"); // format!(\"select 1\")\nformat!(\"{n} rows\"); run(\"select 1\")";
        assert_eq!(broken(problem, "a.rs", text), NOTHING);
        assert_eq!(broken(problem, "crates/database/src/sql/a.rs", "format!(\"select {a}\")"), NOTHING);
        assert_eq!(broken(problem, "a.rs", "#[cfg(test)]\nfn f() { format!(\"select {a}\") }"), NOTHING);
    }

    #[test]
    fn sql_may_not_be_formatted() {
        let text = "format!(\"select {a}\");\nformat!(\n  r#\"DROP table {a}\"#);\nformat!(\"Update {a}\")";
        assert_eq!(broken("puts SQL together with format!", "a.rs", text), ["a.rs:1", "a.rs:2", "a.rs:4"]);
    }

    #[test]
    fn a_file_may_have_700_lines_and_a_generated_one_more() {
        let problem = "has more than 700 lines";
        assert_eq!(broken(problem, "a.rs", &"x\n".repeat(700)), NOTHING);
        assert_eq!(broken(problem, "a.rs", &("// @generated\n".to_owned() + &"x\n".repeat(800))), NOTHING);
    }

    #[test]
    fn a_file_may_not_have_701_lines() {
        assert_eq!(broken("has more than 700 lines", "a.sql", &"x\n".repeat(701)), ["a.sql:701"]);
    }

    #[test]
    fn marks_in_literals_are_only_text() {
        let text = concat!("let marks = [\"FIX", "ME\", \"todo!\"]; my_todo!(); // to do: nothing");
        assert_eq!(broken("is unfinished", "a.rs", text), NOTHING);
    }

    #[test]
    fn unfinished_work_may_not_stay() {
        let text = concat!("fn f() { todo!() }\nfn g() { unimplemented!(\"x\") }\n// FIX", "ME later");
        assert_eq!(broken("is unfinished", "a.rs", text), ["a.rs:1", "a.rs:2", "a.rs:3"]);
        assert_eq!(broken("is unfinished", "a.sql", concat!("-- FIX", "ME")), ["a.sql:1"]);
    }

    #[test]
    fn ignoring_may_be_talked_about() {
        let text = "//! `#[ignore]` is refused\nlet a = \"#[ignore]\";";
        assert_eq!(broken("ignores a test", "a.rs", text), NOTHING);
    }

    #[test]
    fn tests_may_not_be_ignored() {
        let text = "#[test]\n#[ignore = \"slow\"]\nfn t() {}";
        assert_eq!(broken("ignores a test", "a.rs", text), ["a.rs:2"]);
    }
}
