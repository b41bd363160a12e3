//! The text format, as Prometheus reads it.

use std::fmt::Write as _;

/// A text of figures.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    /// What the lines that follow are. Names are this program's own.
    pub fn kind(&mut self, name: &str, help: &str, kind: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.kind(name, help, "gauge");
        self.line(name, &[], value);
    }

    pub fn line(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text)));
        let labels = labels.collect::<Vec<_>>().join(",");
        if labels.is_empty() {
            self.write(format_args!("{name} {value}\n"));
        } else {
            self.write(format_args!("{name}{{{labels}}} {value}\n"));
        }
    }

    pub fn done(self) -> String {
        self.0
    }

    fn write(&mut self, line: std::fmt::Arguments<'_>) {
        // A text takes whatever is written.
        let _ = self.0.write_fmt(line);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_prometheus_reads_them() {
        let mut text = Text::default();
        text.gauge("one", "What it is.", 3);
        text.kind("two", "More.", "counter");
        text.line("two", &[("a", "x"), ("b", "q\"\\\n")], u64::MAX);
        assert_eq!(
            text.done(),
            "# HELP one What it is.\n# TYPE one gauge\none 3\n# HELP two More.\n# TYPE two counter\n\
             two{a=\"x\",b=\"q\\\"\\\\\\n\"} 18446744073709551615\n"
        );
    }
}
